#!/bin/bash
#SBATCH --job-name=dmn_fe
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=32
#SBATCH --cpus-per-task=1
#SBATCH --mem-per-cpu=2G
#SBATCH --time=08:00:00
#SBATCH --signal=USR1@300
#SBATCH --requeue
#SBATCH --open-mode=append
# Runs a case under Slurm, and goes on with it in the next job where the time was too short: five
# minutes before the end USR1 lets dmn-fe stop after its present step, with a checkpoint.  Copy this
# file, and gpu_of_rank if you use it, beside the case.
# A folder that has checkpoints is gone on with: to run a case anew, name another.  Where your cluster
# asks for an account, a queue or a partition, add lines of #SBATCH for them.
#
# usage: sbatch [--nodes=N …] slurm.sh CASE.toml FOLDER
set -euo pipefail
[[ $# -eq 2 ]] || { echo "usage: sbatch slurm.sh CASE.toml FOLDER" >&2; exit 2; }
case=$1
folder=$2

# How dmn-fe is called: in an environment that has it, or in an image (docker/apptainer.def).
# source ~/miniforge3/bin/activate dmn_fe
program=(dmn-fe)
# program=(apptainer exec --bind "$PWD" dmn_fe.sif dmn-fe)
# Networks on GPUs, with --gpus-per-node=N above: several ranks to a GPU.  Not with `share = "node"` in
# the case, where one rank evaluates the points of all and dmn-fe divides the GPUs itself.
# program=("$SLURM_SUBMIT_DIR/gpu_of_rank" "${program[@]}")

export OMP_NUM_THREADS=1
newest() { compgen -G "$folder/checkpoints/step_*" | sort | tail -n 1; }
before=$(newest) || true
restart=()
[[ -z $before ]] || restart=(--restart)
status=0
srun --mpi=pmix "${program[@]}" run "$case" --output "$folder" "${restart[@]}" || status=$?

# Stopped before its time was over, and can go on: with a step that is longer than a job, for ever.
if [[ $status -eq 75 && $(newest) == "$before" ]]; then
    echo "no step was finished in the time of this job; give the next one more." >&2
elif [[ $status -eq 75 ]]; then
    exec scontrol requeue "$SLURM_JOB_ID"
fi
exit "$status"
