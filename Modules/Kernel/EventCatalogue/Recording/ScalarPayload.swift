import Foundation

/// A type that decoders know and that is one JSON value without parts.
protocol ScalarPayload {
    static var scalar: PayloadSchema.Scalar { get }
    static func dummy(_ dummies: DummyValues) throws -> Self
}

extension Bool: ScalarPayload {
    static var scalar: PayloadSchema.Scalar { .init(.boolean) }
    static func dummy(_ dummies: DummyValues) throws -> Bool { try dummies.truth() }
}

extension String: ScalarPayload {
    static var scalar: PayloadSchema.Scalar { .init(.string) }
    static func dummy(_ dummies: DummyValues) throws -> String { try dummies.text() }
}

extension ScalarPayload where Self: FixedWidthInteger {
    /// Named as in the OpenAPI format registry: `int64`, `uint8`.
    static var scalar: PayloadSchema.Scalar {
        .init(.integer, format: (isSigned ? "int" : "uint") + "\(bitWidth)")
    }
    static func dummy(_ dummies: DummyValues) throws -> Self {
        try dummies.number { Self(exactly: $0) }
    }
}

extension Int: ScalarPayload {}
extension Int8: ScalarPayload {}
extension Int16: ScalarPayload {}
extension Int32: ScalarPayload {}
extension Int64: ScalarPayload {}
extension UInt: ScalarPayload {}
extension UInt8: ScalarPayload {}
extension UInt16: ScalarPayload {}
extension UInt32: ScalarPayload {}
extension UInt64: ScalarPayload {}

extension Double: ScalarPayload {
    static var scalar: PayloadSchema.Scalar { .init(.number, format: "double") }
    static func dummy(_ dummies: DummyValues) throws -> Double { try dummies.number(Double.init) }
}

extension Float: ScalarPayload {
    static var scalar: PayloadSchema.Scalar { .init(.number, format: "float") }
    static func dummy(_ dummies: DummyValues) throws -> Float { try dummies.number(Float.init) }
}

extension Decimal: ScalarPayload {
    static var scalar: PayloadSchema.Scalar { .init(.number) }
    static func dummy(_ dummies: DummyValues) throws -> Decimal { try dummies.number(Decimal.init) }
}

extension Date: ScalarPayload {
    static var scalar: PayloadSchema.Scalar { .init(.string, format: "date-time") }
    static func dummy(_ dummies: DummyValues) throws -> Date {
        Date(timeIntervalSince1970: try dummies.number(Double.init))
    }
}

extension Data: ScalarPayload {
    static var scalar: PayloadSchema.Scalar { .init(.string, contentEncoding: "base64") }
    static func dummy(_ dummies: DummyValues) throws -> Data { Data(try dummies.text().utf8) }
}

extension URL: ScalarPayload {
    static var scalar: PayloadSchema.Scalar { .init(.string, format: "uri") }
    static func dummy(_ dummies: DummyValues) -> URL { URL(filePath: "/dummy") }
}

extension UUID: ScalarPayload {
    static var scalar: PayloadSchema.Scalar { .uuid }
    static func dummy(_ dummies: DummyValues) -> UUID { UUID() }
}

extension PayloadSchema.Scalar {
    static let uuid = Self(.string, format: "uuid")
}
