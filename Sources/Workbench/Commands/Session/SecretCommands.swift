import Console
import Hub

/// `secret set`.
struct SecretSetCommand: Command {
    static let name = "secret set"
    static let summary = "keep a secret, such as HF_TOKEN, for this session"
    static let discussion = """
        The value is asked for without being shown; where there is no terminal, name an environment variable or a file
        that holds it. A value typed behind the name is kept too, and hidden from then on. It is never written, and every
        output shows [[secret NAME]] in its place. Secrets are also taken from environment variables whose names end in
        TOKEN, KEY, SECRET or PASSWORD, and from ~/.config/palinote/secrets: lines NAME=value in a file that only you
        may read.
        """
    static let examples = ["secret set HF_TOKEN", "secret set ROBOFLOW_API_KEY --from-file key.txt"]

    @Argument("the secret's name", completion: .live(.secrets)) var secret: String
    @Argument("the value; better left out, to be asked for it") var typed: String?
    @Option("environment variable that holds the value", name: "from-env") var variable: String?
    @Option("file that holds the value and nothing else", name: "from-file", completion: .file(extensions: []))
    var file: Path?

    mutating func run(_ context: CommandContext) throws {
        try context.session.secrets.set(secret, to: try value(context))
        context.say("\(secret) is kept for this session")
        if typed != nil {
            context.warn(
                "the value could be read on the screen; secret set \(secret) alone asks for it without showing it")
        }
    }

    private func value(_ context: CommandContext) throws -> String {
        if let typed { return typed }
        if let variable {
            guard let value = context.session.surroundings.environment[variable] else {
                throw Failure(code: "SecretError", message: "no environment variable is called \(variable)")
            }
            return value
        }
        if let file {
            let text = try FileAccess.readText(context.resolve(file))
            return String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
        }
        guard let value = context.session.surroundings.askSecret?("value of \(secret): ") else {
            throw Failure(
                code: "SecretError",
                message: "there is no terminal to ask for the value; give --from-env or --from-file")
        }
        return value
    }
}

/// `secret list`.
struct SecretListCommand: Command {
    static let name = "secret list"
    static let summary = "list the secrets that are known, without their values"
    static let examples = ["secret list"]

    mutating func run(_ context: CommandContext) throws {
        let secrets = context.session.secrets.list
        guard !secrets.isEmpty else {
            context.say("no secret is known; keep one with secret set NAME")
            return
        }
        var table = Table("secret", "from")
        for secret in secrets { table.add([Text(secret.name), Text(secret.source.description)]) }
        context.emit(.table(table))
    }
}

/// `secret remove`.
struct SecretRemoveCommand: Command {
    static let name = "secret remove"
    static let summary = "forget a secret of this session; its value goes on being hidden"
    static let examples = ["secret remove HF_TOKEN"]

    @Argument("the secret's name", completion: .live(.secrets)) var secret: String

    mutating func run(_ context: CommandContext) throws {
        try context.session.secrets.remove(secret)
        context.say("\(secret) is forgotten")
    }
}
