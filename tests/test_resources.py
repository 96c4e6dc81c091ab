"""Cores and memory in containers, from files as the system writes them."""

import pytest

from dmn_fe.resources import available_cores, core_quota, memory

GB = 2**30


@pytest.fixture
def root(tmp_path):
    """A machine of 64 GB, of which 60 GB are available, without control groups."""
    write(tmp_path, "proc/meminfo", f"MemTotal: {64 * 2**20} kB\nMemAvailable: {60 * 2**20} kB\n")
    return tmp_path


def write(root, name, text):
    file = root / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def test_a_machine_without_containers(root):
    assert memory(root) == (64 * GB, 60 * GB, False)
    assert core_quota(root) is None


def test_this_machine():
    found = memory()
    assert found is not None
    assert 0 < (found.available or 1) <= found.total
    assert available_cores() >= 1


def test_a_container_of_version_2(root):
    # In a container with groups of its own these are the root of the tree.
    write(root, "proc/self/cgroup", "0::/\n")
    write(root, "sys/fs/cgroup/memory.max", f"{8 * GB}\n")
    write(root, "sys/fs/cgroup/memory.current", f"{3 * GB}\n")
    write(root, "sys/fs/cgroup/memory.stat", f"anon {GB}\nfile {2 * GB}\ninactive_file {GB}\n")
    write(root, "sys/fs/cgroup/cpu.max", "150000 100000\n")
    assert memory(root) == (8 * GB, 6 * GB, True)
    assert core_quota(root) == 1.5


def test_a_group_around_it_has_the_lower_limit(root):
    write(root, "proc/self/cgroup", "0::/slurm/job_7/step_0\n")
    write(root, "sys/fs/cgroup/slurm/job_7/step_0/memory.max", "max\n")
    write(root, "sys/fs/cgroup/slurm/job_7/step_0/cpu.max", "max 100000\n")
    write(root, "sys/fs/cgroup/slurm/job_7/memory.max", f"{4 * GB}\n")
    write(root, "sys/fs/cgroup/slurm/job_7/memory.current", f"{GB}\n")
    write(root, "sys/fs/cgroup/slurm/memory.max", f"{32 * GB}\n")
    write(root, "sys/fs/cgroup/slurm/cpu.max", "400000 100000\n")
    assert memory(root) == (4 * GB, 3 * GB, True)
    assert core_quota(root) == 4.0


def test_a_container_of_version_1(root):
    write(root, "proc/self/cgroup", "5:memory:/docker/1f\n4:cpu,cpuacct:/docker/1f\n0::/x\n")
    # Its path is that of the host, which is not there.
    write(root, "sys/fs/cgroup/memory/memory.limit_in_bytes", f"{2 * GB}\n")
    write(root, "sys/fs/cgroup/memory/memory.usage_in_bytes", f"{GB}\n")
    write(root, "sys/fs/cgroup/memory/memory.stat", f"inactive_file 0\ntotal_inactive_file {GB}\n")
    write(root, "sys/fs/cgroup/cpu/cpu.cfs_quota_us", "200000\n")
    write(root, "sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n")
    assert memory(root) == (2 * GB, 2 * GB, True)
    assert core_quota(root) == 2.0


def test_version_1_without_a_limit_has_huge_numbers(root):
    write(root, "proc/self/cgroup", "5:memory:/\n4:cpu,cpuacct:/\n")
    write(root, "sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n")
    write(root, "sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n")
    write(root, "sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n")
    assert memory(root) == (64 * GB, 60 * GB, False)
    assert core_quota(root) is None
