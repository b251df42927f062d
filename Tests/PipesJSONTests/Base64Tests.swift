import PipesJSON
import Testing

@Suite("Base64")
struct Base64Tests {
    @Test(
        "bytes become text and come back (RFC 4648, section 10)",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"), ("\u{3FF}\u{FF}", "z7/Dvw=="),
        ])
    func both(bytes: String, text: String) {
        var encoded: [UInt8] = []
        Array(bytes.utf8).withUnsafeBufferPointer { Base64.append($0, to: &encoded) }
        #expect(String(decoding: encoded, as: UTF8.self) == text)
        #expect(Base64.decode(text.utf8) == Array(bytes.utf8))
    }

    @Test(
        "what is not base64 is refused",
        arguments: [
            "Z", "Zg", "Zg=", "Zg===", "====", "Z===", "Zg==Zg==", "Zh==", "Zm9=", "Zm 9", "Zm-_",
        ])
    func refused(text: String) {
        #expect(Base64.decode(text.utf8) == nil)
    }
}
