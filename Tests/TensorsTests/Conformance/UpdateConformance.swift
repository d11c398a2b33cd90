import Foundation
import Tensors
import Testing

/// Updates of weights, and sums of squares, of one tensor and of many.
@Suite struct UpdateConformance {
    /// Which types parameter, gradient and moments have.
    static let storages: [[RealType]] = [
        [.float32, .float32, .float32], [.float32, .bfloat16, .bfloat16], [.bfloat16, .bfloat16, .bfloat16],
        [.bfloat16, .float32, .float32],
    ]

    @Test("three AdamW updates of either kind", arguments: Subject.all, AdamWCall.Variant.allCases)
    func adamW(subject: Subject, variant: AdamWCall.Variant) throws {
        let backend = try subject.make()
        for types in Self.storages {
            let count = 1030
            let p = try Sample("p", [count], types[0], on: backend)
            let (m, v) = (
                try Sample([Float](repeating: 0, count: count), [count], types[2], on: backend),
                try Sample([Float](repeating: 0, count: count), [count], types[2], on: backend)
            )
            let rounded = try room([count], .bfloat16, on: backend)
            var exact = ExactAdamW(parameters: p.values)
            for step in 1...3 {
                let g = try Sample("g\(step)", [count], types[1], on: backend)
                try backend.adamW(
                    AdamWCall(
                        parameter: p.tensor, gradient: g.tensor, firstMoment: m.tensor, secondMoment: v.tensor,
                        rounded: rounded, variant: variant, learningRate: 0.01, beta1: 0.9, beta2: 0.99, epsilon: 1e-3,
                        weightDecay: 0.1, step: step, gradientScale: 0.5))
                exact.update(g.values, variant, step)
            }
            let isExact = types.allSatisfy { $0 == .float32 }
            let found = try p.tensor.floats()
            expectNear(found, exact.p, tolerance: isExact ? 1e-6 : 2e-2, "\(types)")
            #expect(try rounded.floats() == p.tensor.converted(to: .bfloat16).floats())
        }
    }
    /// Sizes of tensors: one element, none, beside a chunk of a device and several of them.
    static let many = [1, 37, 0, 16_384, 40_001, 5]

    @Test("sums of squares of many tensors are those of each, to the bit", arguments: Subject.all)
    func squaresOfMany(subject: Subject) throws {
        let backend = try subject.make()
        let tensors = try Self.many.enumerated().map { place, count in
            try Sample("x\(place)", [count], place % 2 == 0 ? .float32 : .bfloat16, on: backend).tensor
        }
        let (together, apart) = (try room([tensors.count], on: backend), try room([tensors.count], on: backend))
        try backend.sumOfSquares(
            tensors.enumerated().map { SumOfSquaresCall(input: $1, output: together.part($0..<$0 + 1)) })
        for (place, tensor) in tensors.enumerated() {
            try backend.sumOfSquares(SumOfSquaresCall(input: tensor, output: apart.part(place..<place + 1)))
        }
        #expect(try together.floats() == apart.floats())
        #expect(try together.floats()[2] == 0)
    }

    @Test("updates of many weights are those of each, to the bit", arguments: Subject.all)
    func updatesOfMany(subject: Subject) throws {
        let backend = try subject.make()
        func updates() throws -> [AdamWCall] {
            try Self.many.enumerated().map { place, count in
                let type: RealType = place % 2 == 0 ? .float32 : .bfloat16
                // One begins where no 16 bytes do.
                let skipped = place == 3 ? 1 : 0
                func sample(_ name: String) throws -> Tensor {
                    let whole = try Sample(name + "\(place)", [count + skipped], type, on: backend).tensor
                    return whole.part(skipped..<count + skipped)
                }
                let second = try room([count], type.elementType, on: backend)
                try backend.fill(FillCall(output: second, value: 0.5))
                return AdamWCall(
                    parameter: try sample("p"), gradient: try sample("g"), firstMoment: try sample("m"),
                    secondMoment: second, rounded: place == 4 ? try room([count], .bfloat16, on: backend) : nil,
                    variant: place == 1 ? .huggingFace : .torch, learningRate: 1e-2, beta1: 0.9, beta2: 0.99,
                    epsilon: 1e-8, weightDecay: Double(place) / 10, step: 3, gradientScale: 0.5)
            }
        }
        let (together, apart) = (try updates(), try updates())
        try backend.adamW(together)
        for call in apart { try backend.adamW(call) }
        for (left, right) in zip(together, apart) {
            #expect(try left.parameter.floats() == right.parameter.floats())
            #expect(try left.firstMoment.floats() == right.firstMoment.floats())
            #expect(try left.secondMoment.floats() == right.secondMoment.floats())
            #expect(try left.rounded?.floats() == right.rounded?.floats())
        }
        #expect(try together[4].rounded?.floats().allSatisfy(\.isFinite) == true)
    }
}

/// The two updates as their programs document them, in float64.
struct ExactAdamW {
    var p, m, v: [Double]

    init(parameters: [Double]) {
        p = parameters
        m = Array(repeating: 0, count: p.count)
        v = m
    }

    mutating func update(_ gradient: [Double], _ variant: AdamWCall.Variant, _ step: Int) {
        let (rate, beta1, beta2, epsilon, decay) = (0.01, 0.9, 0.99, 1e-3, 0.1)
        let (first, second) = (1 - pow(beta1, Double(step)), 1 - pow(beta2, Double(step)))
        for i in p.indices {
            let g = 0.5 * gradient[i]
            m[i] = beta1 * m[i] + (1 - beta1) * g
            v[i] = beta2 * v[i] + (1 - beta2) * g * g
            switch variant {
            case .torch:
                p[i] -= rate * decay * p[i]
                p[i] -= rate / first * m[i] / ((v[i] / second).squareRoot() + epsilon)
            case .huggingFace:
                p[i] -= rate * second.squareRoot() / first * m[i] / (v[i].squareRoot() + epsilon)
                p[i] -= rate * decay * p[i]
            }
        }
    }
}
