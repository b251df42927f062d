import Glibc
import PipesCore

/// The files of a new plugin project, and how it is used.
struct Project {
    struct File {
        /// Within the project's folder.
        var path: String
        var text: String
    }

    struct WriteError: Error {
        /// The file or folder that could not be made.
        var path: String
        var reason: String
    }

    /// Each folder after the one it lies in.
    var folders: [String] = []
    var files: [File]
    /// What to type in the project's folder to build it, run its graph and test it.
    var commands: [String]

    /// Makes the folder, which must not be there, with the files in it.
    func write(to folder: String) throws(WriteError) {
        // The first mkdir is also the check: nothing that is there is written over.
        try Self.makeFolder(folder)
        for inner in folders { try Self.makeFolder("\(folder)/\(inner)") }
        for file in files { try Self.write(file.text, to: "\(folder)/\(file.path)") }
    }

    private static func makeFolder(_ path: String) throws(WriteError) {
        guard mkdir(path.cPath, 0o755) == 0 else { throw error(path) }
    }

    private static func write(_ text: String, to path: String) throws(WriteError) {
        let file = open(path.cPath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw error(path) }
        let isWritten = Console(descriptor: file).write(text)
        let reason = String(cString: strerror(errno))
        // A full disk may show only here.
        guard close(file) == 0 else { throw error(path) }
        guard isWritten else { throw WriteError(path: path, reason: reason) }
    }

    private static func error(_ path: String) -> WriteError {
        WriteError(path: path, reason: String(cString: strerror(errno)))
    }
}

extension Project {
    /// What the graph reads.
    static let input = File(path: "words.txt", text: "one\ntwo\nthree\n")

    /// Reads words, marks them with the project's processor and prints them; with a test.
    static func graph(_ name: ProjectName) -> File {
        File(
            path: "graph.json",
            text: """
                {
                  "name": "\(name.text)",
                  "nodes": {
                    "words": {"coro": "io.lines", "args": {"path": "words.txt"}},
                    "mark": {"coro": "\(name.text).mark", "args": {"mark": "!"}},
                    "out": {"coro": "io.print"}
                  },
                  "graph": {"words": ["mark"], "mark": ["out"]},
                  "tests": [
                    {
                      "name": "each word gets its mark",
                      "sources": {"words": ["a", "", "b c"]},
                      "expect": {"out": ["a!", "!", "b c!"]}
                    }
                  ]
                }

                """)
    }
}
