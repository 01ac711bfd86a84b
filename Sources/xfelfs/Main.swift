import Commands
import Glibc

@main
struct Main {
  static func main() {
    exit(Program.run(Program.words(of: CommandLine.arguments)))
  }
}
