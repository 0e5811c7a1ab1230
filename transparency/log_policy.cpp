#include "transparency/log_policy.hpp"

#include <algorithm>

#include "transparency/text_line.hpp"

namespace mayfly::transparency {
namespace {

constexpr std::string_view blanks = " \t";

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  for (;;) {
    const std::size_t begin = line.find_first_not_of(blanks);
    if (begin == line.npos) return words;
    line.remove_prefix(begin);
    const std::size_t end = std::min(line.find_first_of(blanks), line.size());
    words.push_back(line.substr(0, end));
    line.remove_prefix(end);
  }
}

class PolicyReader {
 public:
  Result<LogPolicy> read(std::string_view text) {
    for (std::size_t number = 1; !text.empty(); ++number) {
      const std::size_t end = text.find('\n');
      if (end == text.npos) {
        return fail(ErrorCode::malformed, "the log policy's last line lacks its line end");
      }
      if (auto taken = take_line(text.substr(0, end)); !taken) {
        return std::unexpected(std::move(taken).error().while_doing(
            "line " + std::to_string(number) + " of the log policy"));
      }
      text.remove_prefix(end + 1);
    }
    if (!has_quorum_) {
      return fail(ErrorCode::malformed,
                  "the log policy has no quorum line; \"quorum none\" asks for no witness");
    }
    return std::move(policy_);
  }

 private:
  Result<void> take_line(std::string_view line) {
    const bool has_control = std::ranges::any_of(line, [](char c) {
      const auto byte = static_cast<unsigned char>(c);
      return (byte < 0x20 && c != '\t') || byte == 0x7F;
    });
    if (has_control) return fail(ErrorCode::malformed, "a control character");
    const std::vector<std::string_view> words = words_of(line);
    if (words.empty() || words[0].starts_with('#')) return {};
    if (words[0] == "log") return take_log(words);
    if (words[0] == "witness") return take_witness(words);
    if (words[0] == "group") return take_group(words);
    if (words[0] == "quorum") return take_quorum(words);
    return fail(ErrorCode::malformed, "a line begins with log, witness, group, quorum or #");
  }

  Result<void> take_log(const std::vector<std::string_view>& words) {
    if (words.size() < 2 || words.size() > 3) {
      return fail(ErrorCode::malformed, "wanted: log <vkey> [<url>]");
    }
    PolicyLog log;
    TRY(log.key, parse_verifier_key(words[1]));
    if (log.key.type != KeyType::ed25519) {
      return fail(ErrorCode::malformed, "a log's key is of type 1 (Ed25519)");
    }
    if (words.size() == 3) log.url = words[2];
    for (const PolicyLog& other : policy_.logs) {
      if (other.key.public_key == log.key.public_key) {
        return fail(ErrorCode::malformed, "this log's key stands there twice");
      }
    }
    CHECK_OK(check_room(policy_.logs.size()));
    policy_.logs.push_back(std::move(log));
    return {};
  }

  Result<void> take_witness(const std::vector<std::string_view>& words) {
    if (words.size() < 3 || words.size() > 4) {
      return fail(ErrorCode::malformed, "wanted: witness <name> <vkey> [<url>]");
    }
    PolicyWitness witness;
    TRY(witness.name, new_name(words[1]));
    TRY(witness.key, parse_verifier_key(words[2]));
    if (witness.key.type != KeyType::cosignature_v1) {
      return fail(ErrorCode::malformed, "a witness's key is of type 4 (Ed25519 cosignatures)");
    }
    if (words.size() == 4) witness.url = words[3];
    for (const PolicyWitness& other : policy_.witnesses) {
      if (other.key.public_key == witness.key.public_key) {
        return fail(ErrorCode::malformed, "this witness's key stands there twice");
      }
    }
    CHECK_OK(check_room(policy_.witnesses.size()));
    policy_.witnesses.push_back(std::move(witness));
    return {};
  }

  Result<void> take_group(const std::vector<std::string_view>& words) {
    if (words.size() < 4) {
      return fail(ErrorCode::malformed, "wanted: group <name> all|any|<k> <name>...");
    }
    PolicyGroup group;
    for (std::size_t i = 3; i < words.size(); ++i) {
      const std::string member(words[i]);
      if (!is_defined(member)) {
        return fail(ErrorCode::malformed, "a group's member is defined on a line before it");
      }
      // Each name once at most, so that no witness counts twice.
      if (!used_.insert(member).second) {
        return fail(ErrorCode::malformed, "a name is a member of one group at most");
      }
      group.members.push_back(member);
    }
    TRY(group.name, new_name(words[1]));  // only now: a group is no member of itself
    TRY(group.threshold, threshold(words[2], group.members.size()));
    CHECK_OK(check_room(policy_.groups.size()));
    policy_.groups.push_back(std::move(group));
    return {};
  }

  Result<void> take_quorum(const std::vector<std::string_view>& words) {
    if (words.size() != 2) return fail(ErrorCode::malformed, "wanted: quorum <name>|none");
    if (has_quorum_) return fail(ErrorCode::malformed, "there is a quorum line already");
    has_quorum_ = true;
    if (words[1] == "none") return {};
    if (!is_defined(std::string(words[1]))) {
      return fail(ErrorCode::malformed, "the quorum's name is defined on a line before it");
    }
    policy_.quorum = words[1];
    return {};
  }

  static Result<std::size_t> threshold(std::string_view word, std::size_t members) {
    if (word == "all") return members;
    if (word == "any") return 1;
    const auto number = parse_decimal(word);
    if (!number || *number == 0 || *number > members) {
      return fail(ErrorCode::malformed, "a group's threshold is all, any, or 1 to its members");
    }
    return *number;
  }

  static Result<void> check_room(std::size_t count) {
    if (count < log_policy_names_max) return {};
    return fail(ErrorCode::limit, "more than " + std::to_string(log_policy_names_max) +
                                      " lines of one kind (log_policy_names_max)");
  }

  bool is_defined(const std::string& name) const { return names_.contains(name); }

  Result<std::string> new_name(std::string_view word) {
    if (word == "none") return fail(ErrorCode::malformed, "\"none\" cannot be a name");
    if (!names_.insert(std::string(word)).second) {
      return fail(ErrorCode::malformed, "this name is defined already");
    }
    return std::string(word);
  }

  LogPolicy policy_;
  bool has_quorum_ = false;
  std::set<std::string> names_;
  std::set<std::string> used_;
};

}  // namespace

Result<LogPolicy> parse_log_policy(ByteView text) {
  if (text.size() > log_policy_bytes_max) {
    return fail(ErrorCode::limit, "a log policy has at most " +
                                      std::to_string(log_policy_bytes_max) +
                                      " bytes (log_policy_bytes_max)");
  }
  return PolicyReader().read(text_of(text));
}

bool quorum_is_met(const LogPolicy& policy, const std::set<std::string>& cosigned) {
  if (!policy.quorum) return true;
  std::set<std::string> met = cosigned;
  for (const PolicyGroup& group : policy.groups) {  // members come first, so one pass is enough
    const auto count = std::ranges::count_if(
        group.members, [&](const std::string& member) { return met.contains(member); });
    if (static_cast<std::size_t>(count) >= group.threshold) met.insert(group.name);
  }
  return met.contains(*policy.quorum);
}

}  // namespace mayfly::transparency
