import CSystem

/// What the machine under the session is.
package struct MachineDescription: Sendable, Equatable {
    /// The processor's model.
    package var processorName: String
    /// Processors this process may use.
    package var processorCount: Int
    /// The instruction sets that our kernels know, from plain to best.
    package var instructionSets: [String]
    /// Bytes of memory.
    package var memoryTotal: Int

    /// Asks the machine.
    package static func read() -> MachineDescription {
        var memory = csystem_memory()
        let isKnown = csystem_read_memory(&memory) == 0
        let processor = (try? FileAccess.readText("/proc/cpuinfo")) ?? ""
        let flags = Set(value(of: "flags", in: processor).split(separator: " ").map(String.init))
        return MachineDescription(
            processorName: nonEmpty(value(of: "model name", in: processor)) ?? "unknown",
            processorCount: Int(csystem_processor_count()), instructionSets: instructionSets(flags),
            memoryTotal: isKnown ? Int(clamping: memory.machine_total) : 0)
    }

    /// The instruction sets, in the words of `--isa`, that a processor with these flags has.
    static func instructionSets(_ flags: Set<String>) -> [String] {
        var sets = ["portable"]
        if flags.isSuperset(of: ["avx2", "fma"]) { sets.append("avx2") }
        if flags.isSuperset(of: ["avx512f", "avx512bw", "avx512vl", "avx512dq"]) { sets.append("avx512") }
        if sets.contains("avx512"), flags.contains("avx512_bf16") { sets.append("avx512_bf16") }
        return sets
    }

    private static func value(of key: String, in processor: String) -> String {
        for line in processor.split(separator: "\n") where line.hasPrefix(key) {
            let halves = line.split(separator: ":", maxSplits: 1)
            if halves.count == 2 { return String(halves[1].drop { $0 == " " }) }
        }
        return ""
    }

    private static func nonEmpty(_ text: String) -> String? { text.isEmpty ? nil : text }
}
