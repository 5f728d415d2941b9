/// Variables that Kubernetes puts into every container for each service near it.
///
/// A service named `flotilla` or `flotilla-user` makes names with our prefix, which are no
/// settings and no mistakes
/// (https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables).
enum ServiceLink {
    /// Whether a variable is one of them.
    static func isOne(_ name: String, value: String) -> Bool {
        if name.hasSuffix("_SERVICE_HOST") || name.hasSuffix("_SERVICE_PORT") { return true }
        if name.contains("_SERVICE_PORT_") { return true }
        let isAddress = ["tcp://", "udp://", "sctp://"].contains { value.hasPrefix($0) }
        if isAddress, name.hasSuffix("_PORT") { return true }
        return name.contains(/_PORT_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$/)
    }
}
