import CSystem
import Console
import Tensors
import Training

/// What memory there is, and how much of it is in use: the process, the machine, the container, the device.
struct MemoryFigures {
    /// Bytes that this program holds, now and at most.
    let process: Int, processPeak: Int
    /// Bytes of the machine, and what of them programs can still get.
    let machine: Int, available: Int
    /// The bound of the container that the program runs in, where there is one.
    let container: ContainerMemory?

    /// Asks the system.
    ///
    /// - Throws: `Failure` if it does not tell.
    init() throws {
        var memory = csystem_memory()
        let status = csystem_read_memory(&memory)
        guard status == 0 else {
            throw Failure(code: "SystemError", message: "the system does not tell its memory (error \(Int(status)))")
        }
        (process, processPeak) = (Int(clamping: memory.resident), Int(clamping: memory.peak_resident))
        (machine, available) = (Int(clamping: memory.machine_total), Int(clamping: memory.machine_available))
        container = ContainerMemory.read()
    }

    /// What this program can still get.
    var free: Int { min(available, container.map { max(0, $0.limit - $0.used) } ?? .max) }

    /// What is in use of each memory that bounds a run on a device.
    static func uses(of backend: any Backend) -> [MemoryUse] {
        var uses: [MemoryUse] = []
        let own = backend.memory.reserved
        if let capacity = backend.capacity {
            uses.append(MemoryUse(place: "device", used: own, limit: capacity, own: own))
        }
        guard backend.device.kind == .cpu, let figures = try? MemoryFigures() else { return uses }
        uses.append(
            MemoryUse(
                place: "machine", used: figures.machine - figures.available, limit: figures.machine,
                own: figures.process))
        if let container = figures.container {
            uses.append(
                MemoryUse(place: "container", used: container.used, limit: container.limit, own: figures.process))
        }
        return uses
    }
}

/// The memory of a control group, version 2 or 1.
struct ContainerMemory: Equatable {
    /// The most that the group may use.
    let limit: Int
    /// What it uses, without file pages that the system would take back first.
    let used: Int

    /// The tightest bound of the groups that this process is in; nil where there is none.
    ///
    /// - Parameters:
    ///   - root: where control groups are mounted.
    ///   - membership: the text of /proc/self/cgroup.
    static func read(root: String = "/sys/fs/cgroup", membership: String? = nil) -> ContainerMemory? {
        let lines = membership ?? (try? FileAccess.readText("/proc/self/cgroup")) ?? ""
        var tightest: ContainerMemory?
        for line in lines.split(separator: "\n") {
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { continue }
            let isUnified = fields[1].isEmpty
            guard isUnified || fields[1].split(separator: ",").contains("memory") else { continue }
            var parts = fields[2].split(separator: "/")
            while true {
                let folder = ([root] + (isUnified ? [] : ["memory"]) + parts.map(String.init)).joined(separator: "/")
                if let found = group(at: folder, isUnified: isUnified), found.limit < tightest?.limit ?? .max {
                    tightest = found
                }
                if parts.popLast() == nil { break }
            }
        }
        return tightest
    }

    private static func group(at folder: String, isUnified: Bool) -> ContainerMemory? {
        func number(_ name: String) -> Int? {
            (try? FileAccess.readText(Paths.join(folder, name))).flatMap { text in
                Int(text.prefix { $0.isNumber })
            }
        }
        // Version 1 writes a bound near 2^63 for none.
        guard let limit = number(isUnified ? "memory.max" : "memory.limit_in_bytes"), limit < 1 << 60,
            let used = number(isUnified ? "memory.current" : "memory.usage_in_bytes")
        else { return nil }
        let statistics = (try? FileAccess.readText(Paths.join(folder, "memory.stat"))) ?? ""
        let wanted = isUnified ? "inactive_file " : "total_inactive_file "
        let files = statistics.split(separator: "\n").first { $0.hasPrefix(wanted) }
            .flatMap { Int($0.dropFirst(wanted.count)) }
        return ContainerMemory(limit: limit, used: max(0, used - (files ?? 0)))
    }
}
