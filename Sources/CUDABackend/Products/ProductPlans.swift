import Tensors

/// Products by cuBLASLt, with the algorithm for each kind of product chosen once.
///
/// A row of a result must not depend on how many rows are in the call: for a given weight's shape the algorithm is chosen
/// for one number of rows, without splitting the sums over blocks, and serves every number. Matrices here are row major, and
/// cuBLASLt's column major: a row-major matrix is a column-major one transposed, so `b` goes first and sizes change places.
final class ProductPlans {
    /// One product of row-major matrices.
    struct Product {
        let m, n, k: Int
        let transposeA, transposeB: Bool
        let type, outputType: ElementType
        let a, b: DeviceAddress
        /// `[n]` of the output's type; 0 for none.
        let bias: DeviceAddress
        let output: DeviceAddress
        let alpha: Float
        let accumulate: Bool
        var series = Series()
    }

    /// Products of one `a` by several `b` of one kind.
    struct Series: Hashable {
        /// How many are multiplied at once, and how many there are, which decides the algorithm.
        var (count, total) = (1, 1)
        /// Elements from one to the next of those that are multiplied at once.
        var (b, bias, output) = (0, 0, 0)
    }

    /// What decides the algorithm. `m` is 0 where it must not.
    fileprivate struct Key: Hashable {
        var m: Int
        let n, k: Int
        let transposeA, transposeB: Bool
        let type, outputType: ElementType
        let hasBias: Bool
        let alignments: [Int]
        var count: Int
        let total: Int
    }

    /// The number of rows that algorithms are chosen for: a picture of 448 pixels and a short text.
    private static let usualRows = 1088
    /// The same for sums over a vocabulary, whose rows are labels: few, and so few results that their sums must be split.
    private static let usualLabelRows = 64
    private static let vocabularyDepth = 1 << 16
    /// What cuBLASLt may use while it multiplies.
    static let workspaceByteCount = 32 << 20
    /// Plans that are kept; more than any session's shapes, and small.
    private static let planLimit = 4096

    private let context: CUDAContext
    private let functions: ProductFunctions
    private let allocator: CachingAllocator
    private var handle: OpaquePointer?
    private var workspace: CachingAllocator.Block?
    private var algorithms: [Key: [[UInt8]]] = [:]
    private var plans: [Key: ProductPlan] = [:]

    /// Opens cuBLASLt.
    init(_ context: CUDAContext, _ functions: ProductFunctions, _ allocator: CachingAllocator) throws(TensorError) {
        (self.context, self.functions, self.allocator) = (context, functions, allocator)
        _ = context.functions
        let status = functions.make(&handle)
        guard status == 0 else { throw .library(name: "cuBLASLt", call: "cublasLtCreate", status: Int(status)) }
    }

    deinit {
        plans = [:]
        _ = functions.destroy(handle)
        if let workspace { allocator.free(workspace) }
    }

    /// Multiplies.
    func multiply(_ product: Product) throws(TensorError) {
        let plan = try plan(for: product)
        let workspace = try workspaceBlock()
        if product.bias != 0 { try plan.setBias(product.bias) }
        if product.series.count > 1 { try plan.setDistances(product.series) }
        guard let profile = context.profile else { return try multiply(product, plan, workspace) }
        let turned = (product.transposeA ? "a^T " : "a ") + (product.transposeB ? "b^T" : "b")
        let times = product.series.count > 1 ? "\(product.series.count) times " : ""
        let name = "product \(times)\(product.m) x \(product.n) x \(product.k), \(turned) to \(product.outputType.name)"
        try profile.measure(name) { () throws(TensorError) in try multiply(product, plan, workspace) }
    }

    /// Multiplies one `a` by several `b` of one shape: at once where these, their biases and outputs lie at equal distances.
    ///
    /// The algorithm depends on how many there are, not on where they lie.
    func multiply(each products: [Product]) throws(TensorError) {
        var rest = products.sorted { $0.b < $1.b }[...]
        while var product = rest.first {
            product.series = Self.evenSeries(rest)
            product.series.total = products.count
            try multiply(product)
            rest = rest.dropFirst(product.series.count)
        }
    }

    /// The products from the first on that lie at equal distances.
    private static func evenSeries(_ products: ArraySlice<Product>) -> Series {
        guard let first = products.first, let second = products.dropFirst().first,
            var series = first.series(to: second)
        else { return Series() }
        for (one, next) in zip(products.dropFirst(), products.dropFirst(2)) {
            guard var other = one.series(to: next) else { break }
            other.count = series.count
            guard other == series else { break }
            series.count += 1
        }
        return series
    }

    private func multiply(
        _ product: Product, _ plan: ProductPlan, _ workspace: CachingAllocator.Block
    ) throws(TensorError) {
        var (alpha, beta): (Float, Float) = (product.alpha, product.accumulate ? 1 : 0)
        _ = context.functions
        let status = plan.algorithm.withUnsafeBytes { algorithm in
            functions.multiply(
                handle, plan.description, &alpha, product.b, plan.first, product.a, plan.second, &beta,
                product.output, plan.output, product.output, plan.output, algorithm.baseAddress, workspace.address,
                Self.workspaceByteCount, context.stream)
        }
        guard status == 0 else {
            throw .library(
                name: "cuBLASLt", call: "cublasLtMatmul of \(product.m) x \(product.n) x \(product.k)",
                status: Int(status))
        }
    }
}

extension ProductPlans {
    private func workspaceBlock() throws(TensorError) -> CachingAllocator.Block {
        if let workspace { return workspace }
        guard let block = try allocator.allocate(byteCount: Self.workspaceByteCount) else {
            throw .outOfMemory(
                what: "working memory of products", byteCount: Self.workspaceByteCount,
                device: "cuda:\(context.device.index)")
        }
        workspace = block
        return block
    }

    private func plan(for product: Product) throws(TensorError) -> ProductPlan {
        let key = key(of: product)
        if let plan = plans[key] { return plan }
        let plan = try ProductPlan(functions, key.shape(product), biased: product.bias)
        if plans.count >= Self.planLimit { plans = [:] }
        plan.algorithm = try algorithm(for: plan, key, product)
        plans[key] = plan
        return plan
    }

    private func key(of product: Product) -> Key {
        let (size, outputSize) = (product.type.byteCount, product.outputType.byteCount)
        let rowA = (product.transposeA ? product.m : product.k) * size
        let rowB = (product.transposeB ? product.k : product.n) * size
        return Key(
            m: product.m, n: product.n, k: product.k, transposeA: product.transposeA, transposeB: product.transposeB,
            type: product.type, outputType: product.outputType, hasBias: product.bias != 0,
            alignments: [
                Self.alignment(product.b, rowB), Self.alignment(product.a, rowA),
                Self.alignment(product.output, product.n * outputSize),
            ], count: product.series.count, total: product.series.total)
    }

    /// What rows of so many bytes are all aligned to, from `address` on; 16 at most, which is all that loads use. It is
    /// that of the rows, not of the first one, so that the same rows as part of another tensor take the same algorithm.
    private static func alignment(_ address: DeviceAddress, _ rowByteCount: Int) -> Int {
        1 << min(4, (address | DeviceAddress(rowByteCount)).trailingZeroBitCount)
    }

    /// The algorithm for a kind of product: the first of the ones chosen for the usual number of rows that takes this one.
    private func algorithm(for plan: ProductPlan, _ key: Key, _ product: Product) throws(TensorError) -> [UInt8] {
        var general = key
        general.count = key.total
        // The rows of a transposed `a` are a weight's, not examples': nothing asks that they be alike.
        if !key.transposeA { general.m = 0 }
        if algorithms[general] == nil {
            var shape = general.shape(product)
            if general.m == 0 { shape.m = key.k >= Self.vocabularyDepth ? Self.usualLabelRows : Self.usualRows }
            let usual = try ProductPlan(functions, shape, biased: product.bias)
            algorithms[general] = try candidates(usual, key, splitsSums: splitsSums(key))
        }
        for algorithm in algorithms[general] ?? [] where isUsable(algorithm, plan) { return algorithm }
        // None that fits: what cuBLASLt would take for this product alone.
        let own = try candidates(plan, key, splitsSums: splitsSums(key))
        guard let algorithm = own.first(where: { isUsable($0, plan) }) else {
            throw .library(
                name: "cuBLASLt", call: "no algorithm for \(product.m) x \(product.n) x \(product.k)", status: 15)
        }
        return algorithm
    }

    /// Whether sums may be split over blocks, to be added in a fixed order: for weights' gradients, and for results too narrow or
    /// too few for their depth, which have too few blocks otherwise. The split is part of the algorithm, and so the same for any
    /// number of rows.
    private func splitsSums(_ key: Key) -> Bool {
        key.transposeA || key.n <= 64 || key.k >= Self.vocabularyDepth
    }

    private func candidates(_ plan: ProductPlan, _ key: Key, splitsSums: Bool) throws(TensorError) -> [[UInt8]] {
        var preference: OpaquePointer?
        try check(functions.makePreference(&preference), "cublasLtMatmulPreferenceCreate")
        defer { _ = functions.destroyPreference(preference) }
        var byteCount = UInt64(Self.workspaceByteCount)
        var schemes = splitsSums ? ProductConstant.orderedReduction : 0
        _ = functions.setPreference(preference, ProductConstant.workspaceByteCount, &byteCount, 8)
        _ = functions.setPreference(preference, ProductConstant.reductionSchemes, &schemes, 4)
        for (place, alignment) in (key.alignments + [key.alignments[2]]).enumerated() {
            var alignment = UInt32(alignment)
            _ = functions.setPreference(preference, ProductConstant.firstAlignment + Int32(place), &alignment, 4)
        }
        let size = ProductConstant.resultByteCount
        var (results, count): ([UInt8], Int32) = ([UInt8](repeating: 0, count: 8 * size), 0)
        let status = results.withUnsafeMutableBytes { bytes in
            functions.chooseAlgorithms(
                handle, plan.description, plan.first, plan.second, plan.output, plan.output, preference, 8,
                bytes.baseAddress.unsafelyUnwrapped, &count)
        }
        // "Not supported" (15) is an empty list.
        if status != 15 { try check(status, "cublasLtMatmulAlgoGetHeuristic") }
        return (0..<Int(count)).map { Array(results[$0 * size..<$0 * size + ProductConstant.workspaceOffset]) }
    }

    private func isUsable(_ algorithm: [UInt8], _ plan: ProductPlan) -> Bool {
        var result = [UInt8](repeating: 0, count: ProductConstant.resultByteCount)
        let status = result.withUnsafeMutableBytes { bytes in
            algorithm.withUnsafeBytes { algorithm in
                functions.checkAlgorithm(
                    handle, plan.description, plan.first, plan.second, plan.output, plan.output,
                    algorithm.baseAddress.unsafelyUnwrapped, bytes.baseAddress.unsafelyUnwrapped)
            }
        }
        let needed = result.withUnsafeBytes { $0.load(fromByteOffset: ProductConstant.workspaceOffset, as: Int.self) }
        return status == 0 && needed <= Self.workspaceByteCount
    }

    private func check(_ status: Int32, _ call: String) throws(TensorError) {
        if status != 0 { throw .library(name: "cuBLASLt", call: call, status: Int(status)) }
    }
}

extension ProductPlans.Key {
    /// The sizes and types of a product of this kind.
    fileprivate func shape(_ product: ProductPlans.Product) -> ProductShape {
        ProductShape(
            m: product.m, n: n, k: k, transposeA: transposeA, transposeB: transposeB, type: type,
            outputType: outputType, count: count)
    }
}

extension ProductPlans.Product {
    /// This product and another, as two of a series; nil where that has no such distances, which are multiples of 16 bytes.
    fileprivate func series(to other: Self) -> ProductPlans.Series? {
        func distance(_ one: DeviceAddress, _ next: DeviceAddress, _ type: ElementType) -> Int? {
            guard next > one, (next - one) % 16 == 0 else { return nil }
            return Int(next - one) / type.byteCount
        }
        guard let b = distance(b, other.b, type), let output = distance(output, other.output, outputType) else {
            return nil
        }
        guard bias != 0 || other.bias != 0 else {
            return ProductPlans.Series(count: 2, total: 2, b: b, bias: 0, output: output)
        }
        guard bias != 0, let bias = distance(bias, other.bias, outputType) else { return nil }
        return ProductPlans.Series(count: 2, total: 2, b: b, bias: bias, output: output)
    }
}

/// Sizes and types of a product of row-major matrices.
struct ProductShape {
    var m: Int
    let n, k: Int
    let transposeA, transposeB: Bool
    let type, outputType: ElementType
    /// How many products of one `a` are computed at once.
    let count: Int
}

/// What cuBLASLt wants to know of one product, and the algorithm for it.
final class ProductPlan {
    private(set) var description, first, second, output: OpaquePointer?
    /// 64 bytes of `cublasLtMatmulAlgo_t`.
    fileprivate(set) var algorithm: [UInt8] = []
    private let functions: ProductFunctions

    /// Describes a product; a bias that is not 0 is added to each row.
    init(_ functions: ProductFunctions, _ shape: ProductShape, biased bias: DeviceAddress) throws(TensorError) {
        self.functions = functions
        let (type, outputType) = (Self.number(shape.type), Self.number(shape.outputType))
        try check(
            functions.makeDescription(&description, ProductConstant.computeFloat32, ProductConstant.float32))
        if shape.transposeB { try set(ProductConstant.transposeA, ProductConstant.transposed) }
        if shape.transposeA { try set(ProductConstant.transposeB, ProductConstant.transposed) }
        if bias != 0 {
            try set(ProductConstant.epilogue, ProductConstant.biasEpilogue)
            try setBias(bias)
        }
        let (m, n, k) = (shape.m, shape.n, shape.k)
        first = try layout(type, rows: shape.transposeB ? n : k, columns: shape.transposeB ? k : n)
        second = try layout(type, rows: shape.transposeA ? k : m, columns: shape.transposeA ? m : k)
        output = try layout(outputType, rows: m, columns: n)
        guard shape.count > 1 else { return }
        // `a` is the same for all: its distance stays 0.
        for layout in [first, second, output] {
            try set(layout, ProductConstant.matrixCount, Int32(shape.count))
        }
        // Side by side, until a product says otherwise.
        try setDistances(
            ProductPlans.Series(
                count: shape.count, total: shape.count, b: n * k, bias: bias == 0 ? 0 : n, output: m * n))
    }

    deinit {
        for layout in [first, second, output] where layout != nil { _ = functions.destroyLayout(layout) }
        if description != nil { _ = functions.destroyDescription(description) }
    }

    /// Says where the bias lies.
    func setBias(_ address: DeviceAddress) throws(TensorError) {
        try set(ProductConstant.biasPointer, address)
    }

    /// Says how far apart the matrices of a series lie.
    func setDistances(_ series: ProductPlans.Series) throws(TensorError) {
        try set(first, ProductConstant.matrixDistance, Int64(series.b))
        try set(output, ProductConstant.matrixDistance, Int64(series.output))
        if series.bias != 0 { try set(ProductConstant.biasDistance, Int64(series.bias)) }
    }

    private func set<Value: BitwiseCopyable>(
        _ layout: OpaquePointer?, _ attribute: Int32, _ value: Value
    ) throws(TensorError) {
        var value = value
        try check(functions.setLayout(layout, attribute, &value, MemoryLayout<Value>.size))
    }

    private func set<Value: BitwiseCopyable>(_ attribute: Int32, _ value: Value) throws(TensorError) {
        var value = value
        try check(functions.setDescription(description, attribute, &value, MemoryLayout<Value>.size))
    }

    /// A row-major matrix, which is a column-major one with rows and columns exchanged.
    private func layout(_ type: Int32, rows: Int, columns: Int) throws(TensorError) -> OpaquePointer? {
        var layout: OpaquePointer?
        try check(functions.makeLayout(&layout, type, UInt64(columns), UInt64(rows), Int64(columns)))
        return layout
    }

    private func check(_ status: Int32) throws(TensorError) {
        if status != 0 { throw .library(name: "cuBLASLt", call: "describing a product", status: Int(status)) }
    }

    private static func number(_ type: ElementType) -> Int32 {
        switch type {
        case .bfloat16: ProductConstant.bfloat16
        case .float16: ProductConstant.float16
        default: ProductConstant.float32
        }
    }
}
