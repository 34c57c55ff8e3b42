//! What the machine, or the container round the process, gives us: cores and memory.
//!
//! Linux only for memory; elsewhere a cautious constant. Read at start, not watched.

use std::fs;
use std::path::{Path, PathBuf};

/// Assumed where the machine does not say.
const FALLBACK_BYTES: usize = 4 << 30;

/// The cores this process may use (affinity and cgroup quota respected), at least 1.
pub(super) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// The least of the machine's memory and the limits of the process's cgroups (v1 and v2), bytes.
pub(super) fn memory_bytes() -> usize {
    let membership = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let limits = cgroup_files(&membership).into_iter().filter_map(|file| cgroup_limit(&file));
    let total = fs::read_to_string("/proc/meminfo").ok().and_then(|text| mem_total(&text));
    limits.chain(total).min().unwrap_or(FALLBACK_BYTES)
}

/// The limit files of every cgroup the process is in, from its own up to the root.
fn cgroup_files(membership: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for line in membership.lines() {
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else { continue };
        let (root, name) = if controllers.is_empty() {
            ("/sys/fs/cgroup", "memory.max")
        } else if controllers.split(',').any(|c| c == "memory") {
            ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")
        } else {
            continue;
        };
        let own = Path::new(path.trim_start_matches('/'));
        // Inside a container the path may be the host's; the root of the mount is then the container's own group.
        files.extend(own.ancestors().map(|group| Path::new(root).join(group).join(name)));
    }
    files
}

/// A limit file's number; "max" and v1's huge "no limit" are none.
fn cgroup_limit(file: &Path) -> Option<usize> {
    let limit: usize = fs::read_to_string(file).ok()?.trim().parse().ok()?;
    (limit < 1 << 60).then_some(limit)
}

fn mem_total(meminfo: &str) -> Option<usize> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: usize = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_groups_of_both_versions() {
        let files = cgroup_files("12:cpu,cpuacct:/x\n5:memory:/docker/ab\n0::/user.slice\n");
        let names: Vec<_> = files.iter().map(|file| file.to_str().expect("made of text")).collect();
        assert_eq!(
            names,
            [
                "/sys/fs/cgroup/memory/docker/ab/memory.limit_in_bytes",
                "/sys/fs/cgroup/memory/docker/memory.limit_in_bytes",
                "/sys/fs/cgroup/memory/memory.limit_in_bytes",
                "/sys/fs/cgroup/user.slice/memory.max",
                "/sys/fs/cgroup/memory.max",
            ]
        );
    }

    #[test]
    fn reads_the_machine() {
        assert_eq!(mem_total("MemTotal:       16384 kB\nMemFree: 1 kB\n"), Some(16 << 20));
        assert!(memory_bytes() > 0);
        assert!(cores() > 0);
    }
}
