import CPUBackend
import Tensors
import Testing

@testable import Training

@Suite("Features are kept as long as they are true and there is room")
struct FeatureCacheTests {
    private func features(_ value: Float, rows: Int = 4) throws -> Tensor {
        try .filled(value, shape: [rows, 8], .float32, on: CPUBackend())
    }

    @Test("the least recently used go first, and bytes are counted")
    func leastRecent() throws {
        let cache = FeatureCache(budget: 2 * 4 * 8 * 4)
        cache.keep(try features(1), of: "a")
        cache.keep(try features(2), of: "b")
        #expect(cache.features(of: "a") != nil)
        cache.keep(try features(3), of: "c")
        #expect(cache.features(of: "b") == nil)
        #expect(try cache.features(of: "a")?.floats().first == 1)
        #expect(try cache.features(of: "c")?.floats().first == 3)
        #expect(cache.byteCount == 256 && cache.hits == 3 && cache.misses == 1)
        cache.keep(try features(4), of: "c")
        #expect(try cache.features(of: "c")?.floats().first == 4)
        #expect(cache.byteCount <= cache.budget)
        cache.removeAll()
        #expect(cache.byteCount == 0 && cache.features(of: "a") == nil)
    }

    @Test("what is larger than the budget is not kept, and pushes nothing out")
    func tooLarge() throws {
        let cache = FeatureCache(budget: 200)
        cache.keep(try features(1), of: "a")
        cache.keep(try features(2, rows: 40), of: "b")
        #expect(cache.features(of: "a") != nil && cache.features(of: "b") == nil)
    }
}
