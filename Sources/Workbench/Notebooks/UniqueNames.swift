/// Names of which each is given once.
struct UniqueNames {
    private var taken: Set<String>

    /// Makes a set in which some names are taken already.
    init(taken: Set<String> = []) { self.taken = taken }

    /// A name that nobody has: the one wanted, or with a number behind it.
    mutating func make(_ wanted: String) -> String {
        var name = wanted
        var number = 2
        while !taken.insert(name).inserted {
            name = "\(wanted)-\(number)"
            number += 1
        }
        return name
    }
}
