import Gateway
import Platform
import Settings
import Web

extension ModuleList {
    /// The role that runs no module.
    private static let gateway = "gateway"

    /// The names that ``AppSettings/modules`` takes, beside `all` and the gateway's.
    static let names = types.map { $0.name }

    /// Whether the process is a gateway.
    ///
    /// - Throws: ``Complaint`` when it is to be one beside modules: the same paths would then lead
    ///   to two places.
    static func runsGateway(_ settings: Settings) throws -> Bool {
        let chosen = settings[AppSettings.modules]
        guard chosen.contains(gateway) else { return false }
        guard chosen.count == 1 else {
            throw Complaint(
                "modules: gateway runs alone; start another process for"
                    + " \(chosen.filter { $0 != gateway }.joined(separator: ", "))")
        }
        return true
    }

    /// Every path of every module, and where a gateway finds it: what the modules themselves
    /// declare, so that a new module needs no word here.
    ///
    /// - Throws: what the modules refuse their defaults with.
    static func gatewayRoutes() throws -> [GatewayRoute] {
        try types.flatMap { try routes(of: $0) } + AdminRoutes.behindGateway
    }

    private static func routes<M: Module>(of type: M.Type) throws -> [GatewayRoute] {
        let module = try M(
            settings: .defaults(SettingsCatalogue(M.settings)), platform: .describing(M.name))
        return module.routes.map { GatewayRoute($0.method, $0.path, to: .module(M.name)) }
    }
}
