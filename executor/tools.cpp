#include "executor/tools.hpp"

#include <fnmatch.h>
#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <set>

namespace mayfly::executor {
namespace {

// `programs` are glob patterns, separated by one space: a bare name is looked for in the image's
// bin directories, a path as it stands. The first one must be there; the others are the tool's own
// helpers and other names, as far as they are installed.
struct Tool {
  std::string_view name;
  std::string_view package;  // Debian's, for the error message
  std::string_view programs;
};

constexpr std::string_view c_toolchain =
    "gcc gcc-[0-9]* cc c99 cpp cpp-[0-9]* *-linux-gnu-gcc *-linux-gnu-gcc-[0-9]* "
    "*-linux-gnu-cpp-[0-9]* as *-linux-gnu-as ld ld.bfd ld.gold *-linux-gnu-ld "
    "*-linux-gnu-ld.bfd *-linux-gnu-ld.gold ar *-linux-gnu-ar ranlib nm objcopy strip "
    "/usr/lib/gcc/*/*/cc1 /usr/lib/gcc/*/*/collect2 /usr/lib/gcc/*/*/lto1 "
    "/usr/lib/gcc/*/*/lto-wrapper /usr/libexec/gcc/*/*/cc1 /usr/libexec/gcc/*/*/collect2 "
    "/usr/libexec/gcc/*/*/lto1 /usr/libexec/gcc/*/*/lto-wrapper";
constexpr std::string_view cxx_toolchain =
    "g++ g++-[0-9]* c++ *-linux-gnu-g++ *-linux-gnu-g++-[0-9]* /usr/lib/gcc/*/*/cc1plus "
    "/usr/libexec/gcc/*/*/cc1plus";
constexpr std::string_view java_runtime =
    "java /usr/lib/jvm/*/bin/java "
    "/usr/lib/jvm/*/lib/jspawnhelper";

constexpr std::array tools_table = {
    Tool{"awk", "mawk", "awk mawk gawk original-awk"},
    Tool{"bash", "bash", "bash"},
    Tool{"bc", "bc", "bc dc"},
    Tool{"bzip2", "bzip2", "bzip2 bunzip2 bzcat"},
    Tool{"coreutils", "coreutils",
         "cat [ arch b2sum base32 base64 basename basenc chcon chgrp chmod chown cksum comm cp "
         "csplit cut date dd df dir dircolors dirname du echo env expand expr factor false fmt "
         "fold groups head hostid id install join link ln logname ls md5sum mkdir mkfifo mknod "
         "mktemp mv nice nl nohup nproc numfmt od paste pathchk pinky pr printenv printf ptx pwd "
         "readlink realpath rm rmdir runcon seq sha1sum sha224sum sha256sum sha384sum sha512sum "
         "shred shuf sleep sort split stat stdbuf stty sum sync tac tail tee test timeout touch "
         "tr true truncate tsort tty uname unexpand uniq unlink users vdir wc who whoami yes"},
    Tool{"diff", "diffutils", "diff cmp diff3 sdiff"},
    Tool{"file", "file", "file"},
    Tool{"find", "findutils", "find xargs"},
    Tool{"g++", "g++", cxx_toolchain},
    Tool{"gcc", "gcc", c_toolchain},
    Tool{"git", "git", "git /usr/lib/git-core/*"},
    Tool{"go", "golang-go",
         "go gofmt /usr/lib/go-*/bin/* /usr/lib/go-*/pkg/tool/*/* /usr/local/go/bin/* "
         "/usr/local/go/pkg/tool/*/*"},
    Tool{"grep", "grep", "grep egrep fgrep"},
    Tool{"gzip", "gzip", "gzip gunzip zcat"},
    Tool{"java", "default-jre-headless", java_runtime},
    Tool{"javac", "default-jdk-headless", "javac /usr/lib/jvm/*/bin/javac /usr/lib/jvm/*/bin/jar"},
    Tool{"jq", "jq", "jq"},
    Tool{"make", "make", "make gmake"},
    Tool{"node", "nodejs", "node nodejs"},
    Tool{"openssl", "openssl", "openssl"},
    Tool{"perl", "perl-base", "perl perl5*"},
    Tool{"python", "python3-minimal", "python3 python3.[0-9] python3.[0-9][0-9]"},
    Tool{"ruby", "ruby", "ruby ruby[0-9]*"},
    Tool{"rustc", "rustc", "rustc rustdoc cargo /usr/lib/rustlib/*/bin/*"},
    Tool{"sed", "sed", "sed"},
    Tool{"sh", "dash", "sh dash"},
    Tool{"sqlite3", "sqlite3", "sqlite3"},
    Tool{"tar", "tar", "tar"},
    Tool{"xz", "xz-utils", "xz unxz xzcat"},
    Tool{"zstd", "zstd", "zstd unzstd zstdcat"},
};

// A tool that cannot work without another: the linker of Rust is gcc, a JDK's compiler is Java.
struct Need {
  std::string_view tool;
  std::string_view needs;
};
constexpr std::array needs_table = {Need{"g++", "gcc"}, Need{"rustc", "gcc"},
                                    Need{"javac", "java"}};

// Other names that people write for a tool of the table.
struct Alias {
  std::string_view name;
  std::string_view tool;
};
constexpr std::array aliases = {Alias{"c++", "g++"},       Alias{"golang", "go"},
                                Alias{"nodejs", "node"},   Alias{"python3", "python"},
                                Alias{"rust", "rustc"},    Alias{"shell", "sh"},
                                Alias{"sqlite", "sqlite3"}};

constexpr std::array<std::string_view, 3> bin_directories = {"/usr/local/bin/", "/usr/bin/",
                                                             "/usr/sbin/"};

void add_matches(const std::string& pattern, std::set<std::string>& programs) {
  glob_t found{};
  if (::glob(pattern.c_str(), GLOB_NOSORT, nullptr, &found) == 0) {
    for (std::size_t i = 0; i < found.gl_pathc; ++i) {
      const std::unique_ptr<char, void (*)(void*)> real(::realpath(found.gl_pathv[i], nullptr),
                                                        &std::free);
      struct stat status{};
      // Outside /usr there is nothing in the image, wherever the host's link leads.
      if (real && std::string_view(real.get()).starts_with("/usr/") &&
          ::stat(real.get(), &status) == 0 && S_ISREG(status.st_mode) &&
          (status.st_mode & S_IXOTH) != 0) {
        programs.insert(real.get());
      }
    }
  }
  ::globfree(&found);
}

std::vector<std::string> full_patterns(std::string_view pattern) {
  if (pattern.starts_with('/')) return {std::string(pattern)};
  std::vector<std::string> patterns;
  patterns.reserve(bin_directories.size());
  for (const auto directory : bin_directories) {
    // "[" is a program, not the start of a bracket expression.
    patterns.push_back(std::string(directory) + (pattern == "[" ? "\\[" : std::string(pattern)));
  }
  return patterns;
}

void add_pattern(std::string_view pattern, std::set<std::string>& programs) {
  for (const std::string& full : full_patterns(pattern)) add_matches(full, programs);
}

Result<void> add_tool(const Tool& tool, std::set<std::string>& programs) {
  std::string_view patterns = tool.programs;
  for (bool first = true; !patterns.empty(); first = false) {
    const std::size_t end = std::min(patterns.find(' '), patterns.size());
    std::set<std::string> found;
    add_pattern(patterns.substr(0, end), found);
    if (first && found.empty()) {
      return fail(ErrorCode::unavailable, "tool \"" + std::string(tool.name) +
                                              "\" is not installed below /usr: apt install " +
                                              std::string(tool.package));
    }
    programs.merge(found);
    patterns.remove_prefix(std::min(end + 1, patterns.size()));
  }
  return {};
}

const Tool* find_tool(std::string_view name) {
  const auto* alias = std::ranges::find(aliases, name, &Alias::name);
  if (alias != aliases.end()) name = alias->tool;
  const auto* tool = std::ranges::find(tools_table, name, &Tool::name);
  return tool == tools_table.end() ? nullptr : &*tool;
}

std::string unknown_tool_message(std::string_view name) {
  // The name is the caller's text: bounded, and without control characters in a terminal.
  constexpr std::size_t shown_chars_max = 64;
  std::string shown(name.substr(0, shown_chars_max));
  std::ranges::replace_if(shown, [](char c) { return c < ' ' || c > '~'; }, '?');
  std::string message = "unknown tool \"" + shown + "\"; known are";
  for (const auto known : known_tools()) message.append(" ").append(known);
  return message;
}

}  // namespace

std::span<const std::string_view> known_tools() {
  static constexpr auto names = [] {
    std::array<std::string_view, tools_table.size()> out{};
    std::ranges::transform(tools_table, out.begin(), &Tool::name);
    return out;
  }();
  static_assert(std::ranges::is_sorted(names));
  return names;
}

std::optional<std::string_view> tool_of_program(const std::string& path) {
  for (const Tool& tool : tools_table) {
    for (std::string_view patterns = tool.programs; !patterns.empty();) {
      const std::size_t end = std::min(patterns.find(' '), patterns.size());
      for (const std::string& pattern : full_patterns(patterns.substr(0, end))) {
        if (::fnmatch(pattern.c_str(), path.c_str(), FNM_PATHNAME) == 0) return tool.name;
      }
      patterns.remove_prefix(std::min(end + 1, patterns.size()));
    }
  }
  return std::nullopt;
}

Result<std::vector<std::string>> programs_of_tools(std::span<const std::string> tools) {
  std::set<std::string> programs;
  for (const auto& name : tools) {
    const Tool* tool = find_tool(name);
    if (tool == nullptr) return fail(ErrorCode::malformed, unknown_tool_message(name));
    CHECK_OK(add_tool(*tool, programs));
    for (const auto& need : needs_table) {
      if (need.tool == tool->name) CHECK_OK(add_tool(*find_tool(need.needs), programs));
    }
  }
  return std::vector<std::string>(programs.begin(), programs.end());
}

}  // namespace mayfly::executor
