import CFFI
import Glibc
import PipesCore

/// Finds `library:symbol` and bridges it.
enum PlainFunctions {
    /// - Parameters:
    ///   - coro: with a colon; all before the last one is the library.
    ///   - graphFolder: what a path is relative to; nil: the working folder.
    ///   - danger: why a library must not be loaded into this process; nil where it may be.
    ///   - refusal: why a function that was found must not be called; nil where it may be.
    static func processor(
        coro: String, signature text: String?, graphFolder: String?, danger: (String) -> String?,
        refusal: (Function) -> String?
    ) -> Result<LoadedProcessor, CatalogRejection> {
        let (function, signature, errors) = parts(
            coro: coro, signature: text, graphFolder: graphFolder, danger, refusal)
        guard let function, let signature else { return .failure(CatalogRejection(errors)) }
        do throws(BridgedFunction.OpenError) {
            let bridged = try BridgedFunction(
                name: function.symbol, signature: signature, function: function.address)
            return .success(
                LoadedProcessor(
                    description: signature.description(name: coro), bridged: bridged,
                    file: function.library))
        } catch {
            return .failure(CatalogRejection([CatalogError(.coro, error.message)]))
        }
    }

    struct Function {
        /// As messages call it.
        var libraryName: String
        /// A path or a soname.
        var library: String
        var symbol: String
        var address: UnsafeRawPointer

        /// Why it can't be called, where it is known to have varargs; nil otherwise.
        ///
        /// - Parameter looksIntoLibrary: asks the library's debug information, too.
        func varargs(looksIntoLibrary: Bool) -> String? {
            let isKnown = VariadicFunctions.isOfCLibrary(symbol, at: address)
            let isTold =
                looksIntoLibrary && !isKnown
                && Library.loadedFile(library).map {
                    DebugInformation.saysVarargs(of: symbol, in: $0)
                } == true
            guard isKnown || isTold else { return nil }
            return
                "function \(symbol.quoted) in library \(libraryName) has varargs and can't be called; "
                + VariadicFunctions.remedy
        }
    }

    /// The function and the signature, each nil where it is wrong: mistakes in both are reported at
    /// once.
    private static func parts(
        coro: String, signature text: String?, graphFolder: String?, _ danger: (String) -> String?,
        _ refusal: (Function) -> String?
    ) -> (Function?, Signature?, [CatalogError]) {
        var errors: [CatalogError] = []
        var function: Function?
        do throws(CatalogError) {
            let found = try find(coro, graphFolder: graphFolder, danger)
            if let reason = refusal(found) { throw CatalogError(.coro, reason) }
            function = found
        } catch {
            errors.append(error)
        }
        guard let text else {
            // What can't be called anyway needs no signature.
            guard errors.isEmpty else { return (nil, nil, errors) }
            errors.append(
                CatalogError(
                    .coro,
                    "\(coro.quoted) is a plain function; add a \"signature\" that says how to call it, "
                        + "such as \"(in.ptr, in.len:size) -> int\""))
            return (function, nil, errors)
        }
        // What is not a library:symbol may be meant to be a plugin's, and the signature a mistake.
        guard hasBothParts(coro) else { return (nil, nil, errors) }
        let (signature, mistakes) = Signature.read(text)
        errors += mistakes.map { CatalogError(.signature(column: $0.column), "signature, \($0)") }
        return (function, signature, errors)
    }

    private static func names(in coro: String) -> (library: String, symbol: String) {
        let colon = coro.lastIndex(of: ":") ?? coro.endIndex
        return (String(coro[..<colon]), String(coro[colon...].dropFirst()))
    }

    private static func hasBothParts(_ coro: String) -> Bool {
        let (library, symbol) = names(in: coro)
        return !library.isEmpty && !symbol.isEmpty && !coro.utf8.contains(0)
    }

    private static func find(
        _ coro: String, graphFolder: String?, _ danger: (String) -> String?
    ) throws(CatalogError) -> Function {
        let (name, symbol) = names(in: coro)
        guard hasBothParts(coro) else {
            throw CatalogError(
                .coro, "\(coro.quoted) is no library:symbol; write it like \"libz.so.1:crc32\"")
        }
        if let plain = symbol.split(separator: "@").first, plain != symbol {
            throw CatalogError(
                .coro,
                "\(symbol.quoted) has the version of a symbol, and the linker takes the usual one; "
                    + "write \(name):\(plain)")
        }
        let path = try path(of: name, graphFolder: graphFolder)
        if let reason = danger(path) {
            throw CatalogError(.coro, "library \(name.quoted) can't be used: \(reason)")
        }
        let library: Library
        do throws(LinkerError) {
            library = try Library(path: path)
        } catch {
            throw CatalogError(
                .coro,
                LinkerScript(ofLibrary: path)?.message(library: name, symbol: symbol)
                    ?? "library \(name.quoted) can't be loaded: \(error.reason)")
        }
        let address: UnsafeRawPointer
        do throws(LinkerError) {
            address = try library.address(of: symbol)
        } catch {
            let names =
                Library.loadedFile(path).flatMap { ElfFile.exportedSymbols(of: $0) }?.map(\.name)
                ?? []
            let meant = didYouMean(symbol, among: names)
            throw CatalogError(
                .coro,
                "no function \(symbol.quoted) in library \(name): \(error.reason)"
                    + (meant.isEmpty ? "" : "." + meant))
        }
        if cffi_is_data(address) {
            throw CatalogError(.coro, "\(symbol.quoted) in library \(name) is data and no function")
        }
        return Function(libraryName: name, library: path, symbol: symbol, address: address)
    }

    /// A path for what has a slash or lies beside the graph file; the soname as it is otherwise.
    private static func path(
        of name: String, graphFolder: String?
    ) throws(CatalogError) -> String {
        let folder = graphFolder ?? "."
        let beside = name.hasPrefix("/") ? name : PluginFolders.join(folder, name)
        let path = beside.contains("/") ? beside : "./\(beside)"
        guard name.contains("/") || access(path.cPath, F_OK) == 0 else { return name }
        if let reason = FileTrust.refusal(of: path) {
            throw CatalogError(.coro, "library \(path.quoted) is not loaded: \(reason)")
        }
        return path
    }
}
