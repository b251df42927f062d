import CPipes

enum Version {
    static let host = "0.1.0"
    static let abi = "\(PIPES_ABI_MAJOR).\(PIPES_ABI_MINOR)"

    /// What `--version` prints.
    static let text = "pipes-host \(host) (ABI \(abi))"
}
