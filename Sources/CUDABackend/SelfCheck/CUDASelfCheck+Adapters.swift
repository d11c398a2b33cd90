import Tensors

/// What adapters of one input ask of the device, together.
extension CUDASelfCheck {
    static var adapterChecks: [Check] {
        [
            // Rows, columns of the input, of the outputs, rank.
            Check(
                kernel: "adapters of one input",
                shapes: [
                    [40, 264, 520, 8], [50, 1160, 264, 5], [70, 136, 128, 16], [4100, 64, 128, 8], [40, 64, 4160, 8],
                ],
                types: [.bfloat16, .float16]
            ) { (bench, shape) throws(TensorError) in
                let adapters = try Adapters(
                    rows: shape[0], inner: shape[1], outer: [shape[2], 128, 128], rank: shape[3]
                ) {
                    (name, shape, type) throws(TensorError) in
                    try bench.input(name, shape, deviation: 0.3).converted(to: type ?? bench.type)
                }
                try adapters.forward(on: bench.backend)
                try adapters.backward(on: bench.backend)
                return adapters.results
            },
            // Rows, columns, rank.
            Check(
                kernel: "adapted GELU",
                shapes: [[40, 264, 8], [1100, 520, 8], [17, 2304, 4], [300, 136, 16], [33, 64, 5]],
                types: [.bfloat16, .float16]
            ) { (bench, shape) throws(TensorError) in
                let layer = try AdaptedGELU(rows: shape[0], columns: shape[1], rank: shape[2]) {
                    (name, shape, type) throws(TensorError) in
                    try bench.input(name, shape, deviation: 0.3).converted(to: type ?? bench.type)
                }
                try bench.backend.gatedGELU(layer.forward)
                try bench.backend.gatedGELUBackward(layer.backward)
                return layer.results
            },
        ]
    }

    /// What lies between the matrices of a feed-forward layer with adapters.
    struct AdaptedGELU {
        let forward: AdaptedGatedGELUCall
        private(set) var backward: AdaptedGatedGELUBackwardCall
        private let sums: [Tensor]

        /// - Parameter make: makes a tensor of some name, shape and type, nil for that of activations.
        init(
            rows: Int, columns: Int, rank: Int,
            make: (String, [Int], ElementType?) throws(TensorError) -> Tensor
        ) throws(TensorError) {
            func matrix(_ name: String) throws(TensorError) -> AdaptedMatrix {
                AdaptedMatrix(
                    matrix: try make(name, [rows, columns], nil), reduced: try make(name + " h", [rows, rank], nil),
                    b: try make(name + " b", [columns, rank], nil), scaling: 0.5)
            }
            forward = AdaptedGatedGELUCall(
                gate: try matrix("gate"), up: try matrix("up"), a: try make("a", [rank, columns], nil),
                output: try make("output", [rows, columns], nil), narrowed: try make("narrowed", [rows, rank], nil))
            backward = AdaptedGatedGELUBackwardCall(
                gate: forward.gate, up: forward.up, a: forward.a, outputGradient: try make("g", [rows, columns], nil),
                narrowedGradient: try make("g h", [rows, rank], nil),
                gateGradient: try make("gate'", [rows, columns], nil),
                upGradient: try make("up'", [rows, columns], nil),
                gateReducedGradient: try make("gate h'", [rows, rank], nil),
                upReducedGradient: try make("up h'", [rows, rank], nil))
            sums = [
                try make("gate b'", [columns, rank], .float32), try make("up b'", [columns, rank], .float32),
                try make("a'", [rank, columns], .float32),
            ]
            let targets = sums.map { GradientTarget(tensor: $0, accumulate: true) }
            (backward.ofGateB, backward.ofUpB, backward.ofA) = (targets[0], targets[1], targets[2])
        }

        var results: [Tensor] {
            [
                forward.output, forward.narrowed, backward.gateGradient, backward.upGradient,
                backward.gateReducedGradient,
                backward.upReducedGradient,
            ] + sums
        }
    }

    /// The narrow products of a training step: of `x a^T`, of what that adds to the outputs, and their gradients.
    struct Adapters {
        private var (downs, ups): ([MatmulCall], [MatmulCall]) = ([], [])
        private var (narrowing, ofB, ofA): ([MatmulCall], [MatmulCall], [MatmulCall]) = ([], [], [])
        private var share: SummedMatmulCall

        /// - Parameter make: makes a tensor of some name, shape and type, nil for that of activations.
        init(
            rows: Int, inner: Int, outer: [Int], rank: Int,
            make: (String, [Int], ElementType?) throws(TensorError) -> Tensor
        ) throws(TensorError) {
            let x = try make("x", [rows, inner], nil)
            var weights: [Tensor] = []
            for (i, outer) in outer.enumerated() {
                let (a, b) = (try make("a\(i)", [rank, inner], nil), try make("b\(i)", [outer, rank], nil))
                let (reduced, gradient) = (
                    try make("h\(i)", [rows, rank], nil), try make("g\(i)", [rows, outer], nil)
                )
                var down = MatmulCall(a: x, b: a, output: try make("down\(i)", [rows, rank], nil))
                down.transposeB = true
                var up = MatmulCall(a: reduced, b: b, output: try make("up\(i)", [rows, outer], nil))
                (up.transposeB, up.alpha, up.accumulate) = (true, 0.5, true)
                let back = MatmulCall(a: gradient, b: b, output: try make("back\(i)", [rows, rank], nil))
                var ofB = MatmulCall(a: gradient, b: reduced, output: try make("b'\(i)", [outer, rank], .float32))
                (ofB.transposeA, ofB.accumulate) = (true, true)
                var ofA = MatmulCall(a: reduced, b: x, output: try make("a'\(i)", [rank, inner], .float32))
                (ofA.transposeA, ofA.accumulate) = (true, true)
                downs.append(down)
                ups.append(up)
                narrowing.append(back)
                self.ofB.append(ofB)
                self.ofA.append(ofA)
                weights.append(a)
            }
            share = SummedMatmulCall(a: ups.map(\.a), b: weights, output: try make("x'", [rows, inner], nil))
            share.accumulate = true
        }

        var results: [Tensor] { (downs + ups + narrowing + ofB + ofA).map(\.output) + [share.output] }

        func forward(on backend: any Backend) throws(TensorError) {
            try backend.matmul(downs)
            try backend.matmul(ups)
        }

        func backward(on backend: any Backend) throws(TensorError) {
            try backend.matmul(narrowing)
            try backend.matmul(ofB)
            try backend.matmul(ofA)
            try backend.matmul(share)
        }
    }
}
