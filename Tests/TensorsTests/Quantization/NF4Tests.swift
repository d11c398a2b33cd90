import CPUBackend
import Checkpoints
import Foundation
import Tensors
import TestSupport
import Testing

/// Blocks against bitsandbytes, made by `Tests/Reference/quantization/make_quantization.py`.
@Suite("4-bit NormalFloat is bitsandbytes' to the bit")
struct NF4Tests {
    static let cases = ["weights", "ragged", "zeros", "wide", "coarse", "plain"]

    @Test("codes, scales, outer scales and offset", arguments: cases)
    func quantizing(_ name: String) throws {
        let blocks = try QuantizedBlocks()
        let backend = try CPUBackend()
        let matrix = try blocks.quantize(name, on: backend)
        #expect(try matrix.codes.read(as: UInt8.self) == blocks.bytes("\(name)/codes"))
        switch matrix.scales {
        case .plain(let scales):
            #expect(name == "plain")
            #expect(try scales.read().bits == blocks.floats("\(name)/absmax").bits)
        case .nested(let nested):
            #expect(try nested.codes.read(as: UInt8.self) == blocks.bytes("\(name)/absmax"))
            #expect(try nested.outer.read().bits == blocks.floats("\(name)/nested_absmax").bits)
            #expect(try [nested.offset].bits == blocks.floats("\(name)/offset").bits)
            #expect(try nested.map.read().bits == blocks.floats("map").bits)
        }
    }

    @Test("dequantized elements, by kernels and on the host", arguments: Subject.all, cases)
    func dequantizing(subject: Subject, _ name: String) throws {
        let blocks = try QuantizedBlocks()
        let backend = try subject.make()
        let matrix = try blocks.quantize(name, on: backend)
        let expected = try blocks.floats("\(name)/dequantized").bits
        #expect(try matrix.dequantized().floats().bits == expected)
        let output = try room(matrix.shape, matrix.elementType, on: backend)
        try backend.dequantizeOnHost(DequantizeCall(input: matrix, output: output))
        #expect(try output.floats().bits == expected)
    }

    @Test("products equal those of the dequantized matrix, to the bit", arguments: Subject.all, RealType.allCases)
    func products(subject: Subject, type: RealType) throws {
        let backend = try subject.make()
        for (rows, columns, count) in [(33, 70, 5), (64, 128, 1), (100, 2050, 40)] {
            let weight = try Sample("w", [rows, columns], type, on: backend)
            let matrix = try NF4Matrix(
                quantizing: [rows, columns], elementType: type.elementType, scales: .nested, on: backend
            ) { range in weight.values[range].map(Float.init) }
            for transposed in [true, false] {
                let width = transposed ? columns : rows
                let a = try Sample("a", [count, width], type, on: backend).tensor
                let bias = try Sample("bias", [transposed ? rows : columns], type, on: backend).tensor
                var results: [[UInt32]] = []
                for isComposed in [false, true] {
                    let output = try Tensor.filled(
                        0.5, shape: [count, transposed ? rows : columns], type.elementType, on: backend)
                    var call = QuantizedMatmulCall(a: a, b: matrix, output: output)
                    (call.transposeB, call.bias, call.accumulate) = (transposed, bias, true)
                    if isComposed { try backend.multiplyDequantized(call) } else { try backend.matmul(call) }
                    results.append(try output.floats().bits)
                }
                #expect(results[0] == results[1], "\(rows) x \(columns), transposed \(transposed)")
            }
        }
    }

    @Test("a linear map through a frozen matrix passes its input's gradient on")
    func gradient() throws {
        let backend = try CPUBackend()
        let weight = try Sample("w", [6, 10], on: backend)
        let matrix = try NF4Matrix(quantizing: [6, 10], elementType: .float32, scales: .nested, on: backend) { range in
            weight.values[range].map(Float.init)
        }
        let x = try Sample("x", [3, 10], on: backend).tensor
        let seed = try Sample("seed", [3, 6], on: backend).tensor
        var gradients: [[Float]] = []
        for weight in [LinearWeight.nf4(matrix), .dense(try matrix.dequantized())] {
            let (tape, sink) = (Tape(), LeafGradient(like: x))
            try tape.backward(from: tape.leaf(x, sink: sink).linear(weight), seed: seed)
            gradients.append(try sink.values())
        }
        #expect(gradients[0].bits == gradients[1].bits)
    }

    @Test("parts of a wrong size are refused")
    func misfit() throws {
        let backend = try CPUBackend()
        let codes = try Tensor([UInt8](repeating: 0, count: 31), shape: [31], on: backend)
        let scales = try Tensor([Float(1)], shape: [1], on: backend)
        #expect(throws: TensorError.self) {
            try NF4Matrix(codes: codes, scales: .plain(scales), shape: [8, 8], elementType: .float32)
        }
        #expect(throws: TensorError.self) {
            try NF4Matrix(codes: codes, scales: .plain(codes), shape: [2, 31], elementType: .float32)
        }
    }
}

/// The fixture's tensors.
private struct QuantizedBlocks {
    private let file: SafetensorsFile

    init() throws {
        file = try SafetensorsFile(
            path: Folders.fixtures.appendingPathComponent("quantization/blocks-period.safetensors").path)
    }

    func bytes(_ name: String) throws -> [UInt8] { try file.integers(name).map { UInt8($0) } }
    func floats(_ name: String) throws -> [Float] { try file.floats(name) }

    func quantize(_ name: String, on backend: any Backend) throws -> NF4Matrix {
        let entry = try file.entry("\(name)/input")
        let values = try floats("\(name)/input")
        return try NF4Matrix(
            quantizing: entry.shape, elementType: entry.elementType, scales: name == "plain" ? .plain : .nested,
            on: backend
        ) { Array(values[$0]) }
    }
}

extension [Float] {
    fileprivate var bits: [UInt32] { map(\.bitPattern) }
}
