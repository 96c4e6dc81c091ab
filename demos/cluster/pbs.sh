#!/bin/bash
#PBS -N dmn_fe
#PBS -l select=2:ncpus=32:mpiprocs=32:mem=64gb
#PBS -l walltime=08:00:00
#PBS -j oe
# Runs a case under PBS, and goes on with it in the next job where the time was too short.  Say in the
# case when to stop, some minutes before the walltime: [steps] wall_clock = "7.9 h".  Copy this file
# beside the case and change the lines of #PBS: options of qsub hold for the first job alone.
# A folder that has checkpoints is gone on with: to run a case anew, name another.  Where your cluster
# asks for an account, a queue or a partition, add lines of #PBS for them.
#
# usage: qsub -v CASE=case.toml,FOLDER=results pbs.sh
set -euo pipefail
cd "$PBS_O_WORKDIR"
[[ -n ${CASE:-} && -n ${FOLDER:-} ]] ||
    { echo "usage: qsub -v CASE=case.toml,FOLDER=results pbs.sh" >&2; exit 2; }

# How dmn-fe is called: in an environment that has it, or in an image (docker/apptainer.def).
# source ~/miniforge3/bin/activate dmn_fe
program=(dmn-fe)
# program=(apptainer exec --bind "$PWD" dmn_fe.sif dmn-fe)
# Networks on GPUs, with ngpus=N in `select`: several ranks to a GPU.  Not with `share = "node"` in the
# case, where one rank evaluates the points of all and dmn-fe divides the GPUs itself.
# program=("$PBS_O_WORKDIR/gpu_of_rank" "${program[@]}")

export OMP_NUM_THREADS=1
newest() { compgen -G "$FOLDER/checkpoints/step_*" | sort | tail -n 1; }
before=$(newest) || true
restart=()
[[ -z $before ]] || restart=(--restart)
ranks=$(wc -l <"$PBS_NODEFILE")
status=0
# Of Open MPI; other MPIs hand all variables on.
mpirun -n "$ranks" --hostfile "$PBS_NODEFILE" -x OMP_NUM_THREADS -x PATH -x LD_LIBRARY_PATH \
    "${program[@]}" run "$CASE" --output "$FOLDER" "${restart[@]}" || status=$?

# Stopped before its time was over, and can go on: with a step that is longer than a job, for ever.
if [[ $status -eq 75 && $(newest) == "$before" ]]; then
    echo "no step was finished in the time of this job; give the next one more." >&2
elif [[ $status -eq 75 ]]; then
    exec qsub -v "CASE=$CASE,FOLDER=$FOLDER" "$PBS_O_WORKDIR/pbs.sh"
fi
exit "$status"
