import Glibc

/// How a resized picture's pixels are weighed from the original's; raw values are Pillow's numbers.
package enum ResamplingFilter: Int, Sendable, CaseIterable {
    /// The pixel that lies nearest.
    case nearest = 0
    /// Sinc in a window of three lobes.
    case lanczos = 1
    /// A triangle.
    case bilinear = 2
    /// Cubic convolution with a = -0.5.
    case bicubic = 3
    /// The mean of what the pixel covers.
    case box = 4

    /// Half the filter's width, in pixels of the coarser picture.
    var support: Double {
        switch self {
        case .nearest: 0
        case .box: 0.5
        case .bilinear: 1
        case .bicubic: 2
        case .lanczos: 3
        }
    }

    /// The weight at a distance from the center, in pixels of the coarser picture.
    func weight(at distance: Double) -> Double {
        let x = abs(distance)
        switch self {
        case .nearest: return 0
        case .box: return distance > -0.5 && distance <= 0.5 ? 1 : 0
        case .bilinear: return x < 1 ? 1 - x : 0
        case .bicubic:
            // The order of operations is Pillow's: another one rounds otherwise.
            let a = -0.5
            if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
            if x < 2 { return (((x - 5) * x + 8) * x - 4) * a }
            return 0
        case .lanczos: return distance >= -3 && distance < 3 ? sinc(distance) * sinc(distance / 3) : 0
        }
    }
}

private func sinc(_ x: Double) -> Double {
    x == 0 ? 1 : sin(x * Double.pi) / (x * Double.pi)
}
