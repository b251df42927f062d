import Glibc

/// What the terminal behind a descriptor can show.
struct Terminal: Sendable {
    struct Size: Sendable, Equatable {
        var rows: Int
        var columns: Int
    }

    let descriptor: Int32
    /// Whether lines can be redrawn in place.
    let movesCursor: Bool
    let hasColor: Bool

    /// - Returns: nil where the descriptor is no terminal.
    init?(descriptor: Int32, environment: [String: String]) {
        guard isatty(descriptor) == 1 else { return nil }
        self.descriptor = descriptor
        let kind = environment["TERM"] ?? "dumb"
        movesCursor = kind != "dumb" && !kind.isEmpty
        // https://no-color.org: present and not empty, whatever its value.
        hasColor = movesCursor && (environment["NO_COLOR"] ?? "").isEmpty
    }

    /// Now; a terminal that does not know its size is taken for the usual 80 by 24.
    var size: Size {
        var window = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &window) == 0, window.ws_row > 0,
            window.ws_col > 0
        else { return Size(rows: 24, columns: 80) }
        return Size(rows: Int(window.ws_row), columns: Int(window.ws_col))
    }
}
