import CPUBackend
import Tensors
import Testing

@Suite("Operations refuse what does not fit, naming both shapes")
struct OperationErrorTests {
    /// An operation on operands that do not fit.
    struct Misuse: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let run: @Sendable (_ zeros: ([Int]) throws -> Tensor) throws -> Void

        init(_ description: String, _ run: @escaping @Sendable (_ zeros: ([Int]) throws -> Tensor) throws -> Void) {
            (testDescription, self.run) = (description, run)
        }
    }

    static let misuses: [Misuse] = [
        Misuse("sum of other columns") { _ = try $0([2, 3]).adding($0([2, 4])) },
        Misuse("sum of rows that do not repeat") { _ = try $0([3, 3]).adding($0([2, 3])) },
        Misuse("gate of another shape") { _ = try $0([2, 3]).gatedGELU(up: $0([3, 2])) },
        Misuse("reshape to another count") { _ = try $0([2, 3]).reshaped(to: [7]) },
        Misuse("linear of other columns") { _ = try $0([2, 3]).linear(weight: $0([5, 4])) },
        Misuse("low-rank term of other columns") {
            let term = LowRankTerm(a: try $0([2, 4]), b: try $0([5, 2]), scaling: 1)
            _ = try $0([2, 3]).linear(weight: $0([5, 3]), lowRank: term)
        },
        Misuse("norm of another width") { _ = try $0([2, 3]).rmsNorm(weight: $0([4]), epsilon: 1e-6) },
        Misuse("residual of another shape") {
            _ = try $0([2, 3]).rmsNorm(weight: $0([3]), epsilon: 1e-6, residual: $0([3, 3]))
        },
        Misuse("layer norm of another width") {
            _ = try $0([2, 3]).layerNorm(weight: $0([3]), bias: $0([2]), epsilon: 1e-6)
        },
        Misuse("row below the table") { _ = try $0([2, 3]).gatheringRows([0, -1]) },
        Misuse("row beyond the table") { _ = try $0([2, 3]).gatheringRows([2]) },
        Misuse("replacements of another count") { _ = try $0([2, 3]).replacingRows([0], with: $0([2, 3])) },
        Misuse("replacement beyond the rows") { _ = try $0([2, 3]).replacingRows([2], with: $0([1, 3])) },
        Misuse("positions of another count") { zeros in
            let positions = try Tensor([1] as [Int32], shape: [1], on: zeros([1]).backend)
            _ = try Tensor.rotated([zeros([2, 2, 4])], positions: positions, theta: 10)
        },
        Misuse("odd heads") { zeros in
            let positions = try Tensor([1, 2] as [Int32], shape: [2], on: zeros([1]).backend)
            _ = try Tensor.rotated([zeros([2, 2, 3])], positions: positions, theta: 10)
        },
        Misuse("heads that do not group") { zeros in
            _ = try zeros([1, 2, 3, 4]).attention(
                keys: zeros([1, 2, 2, 4]), values: zeros([1, 2, 2, 4]), mask: .full(batch: 1, columns: 2), scale: 1,
                softCap: nil)
        },
        Misuse("a mask beyond the keys") { zeros in
            _ = try zeros([1, 2, 2, 4]).attention(
                keys: zeros([1, 2, 2, 4]), values: zeros([1, 2, 2, 4]), mask: .full(batch: 1, columns: 3), scale: 1,
                softCap: nil)
        },
        Misuse("pictures of broken patches") { _ = try $0([1, 3, 15, 14]).patches(of: 14, as: .float32) },
        Misuse("grey pictures") { _ = try $0([1, 1, 14, 14]).patches(of: 14, as: .float32) },
        Misuse("target outside the table") {
            _ = try headLoss(hidden: $0([1, 3]), table: $0([4, 3]), targets: [4], weights: [1], softCap: nil)
        },
        Misuse("targets of another count") {
            _ = try headLoss(hidden: $0([2, 3]), table: $0([4, 3]), targets: [1], weights: [1], softCap: nil)
        },
        Misuse("stack of nothing") { _ in _ = try Tensor.stacking([]) },
        Misuse("stack of other widths") { _ = try Tensor.stacking([$0([2, 3]), $0([2, 4])]) },
        Misuse("values of another count") { zeros in _ = try Tensor([1] as [Float], shape: [2], on: zeros([1]).backend)
        },
        Misuse("scalar of several") { _ = try $0([2]).scalar() },
        Misuse("whole numbers as real ones") { zeros in
            _ = try Tensor([1] as [Int32], shape: [1], on: zeros([1]).backend).converted(to: .float32)
        },
        Misuse("real numbers as whole ones") { _ = try $0([1]).read(as: Int32.self) },
    ]

    @Test("with a TensorError of one sentence", arguments: misuses)
    func refused(_ misuse: Misuse) throws {
        let backend = try CPUBackend()
        let error = #expect(throws: TensorError.self) {
            try misuse.run { try .filled(0, shape: $0, .float32, on: backend) }
        }
        let message = try #require(error).description
        #expect(message.contains(": ") && !message.contains("\n"))
    }
}
