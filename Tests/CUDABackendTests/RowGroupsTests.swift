import Testing

@testable import CUDABackend

@Suite("Row groups")
struct RowGroupsTests {
    @Test("rows stand together by index, in order, and only indices that are there have a group")
    func groups() {
        let groups = RowGroups([7, 2, 7, 0, 2, 7])
        #expect(groups.count == 3)
        #expect(groups.order == [3, 1, 4, 0, 2, 5])
        #expect(groups.starts == [0, 1, 3, 6])
    }

    @Test("no rows have no groups")
    func empty() {
        let groups = RowGroups([])
        #expect(groups.count == 0)
        #expect(groups.order.isEmpty)
    }
}
