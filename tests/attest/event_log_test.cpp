// Boot event logs of real machines: tests/vectors/attest/{tpm/eventlogs,ccel,ima}.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "attest/verify/event_log.hpp"
#include "attest/verify/event_log_appraisal.hpp"
#include "attest/verify/event_log_runtime.hpp"
#include "base/text_encoding.hpp"
#include "tests/attest/tpm_vectors.hpp"

namespace mayfly::attest {
namespace {

using Names = std::vector<std::string>;

// RTMR0 to RTMR2 of tdx/quotes/v4_cos113_google.bin.
const char* const cos113_rtmr[] = {
    "3fa2f61f395b7f5feefb4ec2df61297f109ad8abcd6410c1b7df60f21f37b19297fc35e544039c7e1edece752afd17"
    "f"
    "6",
    "f62dbc072bd5d3f3438b7b35c39a727f5aea2ffc2473f43723953f530daf62504f0a7944aa62c41a86e8a878c2b122"
    "c"
    "1",
    "4969684dc87381fc3b3134176c8d8806eaf0a901859f5f70cfae8d17714b46c10a8de219048c9fc09f11f381a6fbe7"
    "c"
    "1"};

Names failed_log_checks(const EventLogAppraisal& appraisal) {
  Names names;
  for (const auto& finding : appraisal.findings.all()) {
    if (finding.outcome == FindingOutcome::fail) names.emplace_back(finding.name());
  }
  return names;
}

EventLogPolicy ccel_policy() {
  return {.kind = EventLogKind::ccel,
          .bank = TpmHash::sha384,
          .registers = {1, 2, 3},
          .separators = OneSeparator{},
          .payloads = PayloadsMeasured{}};
}

std::vector<QuotedRegister> cos113_registers() {
  std::vector<QuotedRegister> registers;
  for (std::uint32_t i = 0; i < 3; ++i) {
    registers.push_back({i + 1, hex_decode(cos113_rtmr[i]).value()});
  }
  return registers;
}

// Whatever the log leads to, as if it had been quoted: then only other checks can fail.
std::vector<QuotedRegister> replayed(const Bytes& log, TpmHash bank) {
  std::vector<QuotedRegister> registers;
  const auto parsed = parse_event_log(log);
  EXPECT_TRUE(parsed) << parsed.error().message();
  std::uint32_t index = 0;
  for (Bytes& value : replay_event_log(parsed.value(), bank)) {
    registers.push_back({index++, std::move(value)});
  }
  return registers;
}

void put_u32(Bytes& out, std::uint32_t value) {
  for (unsigned i = 0; i < 4; ++i) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

// One more record at the end of a CCEL log, with the right digest of `data`.
Bytes with_event(Bytes log, std::uint32_t index, std::uint32_t type, const Bytes& data,
                 const Bytes& digested) {
  log.resize(parse_event_log(log).value().bytes_used);
  put_u32(log, index);
  put_u32(log, type);
  put_u32(log, 1);
  log.insert(log.end(), {0x0c, 0x00});
  const auto digest = crypto::sha384(digested);
  log.insert(log.end(), digest.bytes.begin(), digest.bytes.end());
  put_u32(log, static_cast<std::uint32_t>(data.size()));
  log.insert(log.end(), data.begin(), data.end());
  return log;
}

TEST(EventLogVectors, TheLogOfATdxMachineEndsInItsQuotedRegisters) {
  const Bytes log = read_attest_vector("ccel/cos113_ccel_data.bin");
  const auto appraisal = appraise_event_log(log, cos113_registers(), ccel_policy());
  EXPECT_EQ(failed_log_checks(appraisal), Names());
  EXPECT_EQ(appraisal.verdict, EvidenceVerdict::accepted);
  EXPECT_EQ(appraisal.events.size(), 43U);
  const auto parsed = parse_event_log(log);
  EXPECT_EQ(parsed->bytes_used, 18101U);
  // What is shown is what was measured: the command line of the kernel, for one.
  const bool has_command_line = std::ranges::any_of(appraisal.events, [](const ProvenEvent& event) {
    return event.binding == PayloadBinding::bound &&
           text_of(event.measured).starts_with("/syslinux/vmlinuz.A init=/usr/lib/systemd");
  });
  EXPECT_TRUE(has_command_line);
}

// Goal: every published value of every bank is reached. Method: the expectation file of
// go-tpm-tools, all logs that are among the vectors.
TEST(EventLogVectors, EveryPublishedPcrIsReached) {
  const auto expected =
      nlohmann::json::parse(text_of_attest_vector("tpm/eventlogs/expected_pcrs.json"));
  std::size_t count = 0;
  for (const char* name : {"rhel8-uefi.bin", "ubuntu-2104-no-dbx.bin", "ubuntu-2404-amd-sevsnp.bin",
                           "arch-linux-workstation.bin", "cos-85-amd-sev.bin",
                           "cos-101-amd-sev.bin", "eventlogwithsp800155.bin"}) {
    const Bytes log = read_attest_vector(std::string("tpm/eventlogs/") + name);
    const auto parsed = parse_event_log(log);
    ASSERT_TRUE(parsed) << name << ": " << parsed.error().message();
    for (const auto& [bank_name, pcrs] : expected.at(name).items()) {
      if (bank_name == "SHA1") continue;
      const TpmHash bank = bank_name == "SHA256" ? TpmHash::sha256 : TpmHash::sha384;
      EventLogPolicy policy{.kind = EventLogKind::tpm,
                            .bank = bank,
                            .registers = {},
                            .separators = OneSeparator{},
                            .payloads = PayloadsMeasured{}};
      std::vector<QuotedRegister> quoted;
      for (const auto& [index, value] : pcrs.items()) {
        policy.registers.push_back(static_cast<std::uint32_t>(std::stoul(index)));
        quoted.push_back({policy.registers.back(), hex_decode(value.get<std::string>()).value()});
      }
      const auto appraisal = appraise_event_log(log, quoted, policy);
      EXPECT_EQ(failed_log_checks(appraisal), Names()) << name << " " << bank_name;
      EXPECT_EQ(appraisal.verdict, EvidenceVerdict::accepted) << name << " " << bank_name;
      count += quoted.size();
    }
  }
  EXPECT_GT(count, 70U);
}

TEST(EventLogVectors, OtherLogsAreReadAndReplayedInTheirOwnWay) {
  for (const char* name : {"ccel/coco_CCEL_data.bin", "ccel/coco_CCEL_data_gcp.bin",
                           "ccel/coco_CCEL_AAEL_alibabacloud.bin"}) {
    const Bytes log = read_attest_vector(name);
    const auto quoted = replayed(log, TpmHash::sha384);
    EXPECT_EQ(failed_log_checks(appraise_event_log(log, quoted, ccel_policy())), Names()) << name;
  }
  for (const char* name : {"tpm/eventlogs/tpm2tools_event-arch-linux.bin",
                           "tpm/eventlogs/tpm2tools_event-sd-boot-fedora37.bin",
                           "tpm/eventlogs/tpm2tools_event-postcode.bin"}) {
    const Bytes log = read_attest_vector(name);
    const EventLogPolicy policy{.kind = EventLogKind::tpm,
                                .bank = TpmHash::sha256,
                                .registers = {0, 1, 2, 3, 4, 5, 6, 7},
                                .separators = OneSeparator{},
                                .payloads = PayloadsMeasured{}};
    EXPECT_EQ(failed_log_checks(appraise_event_log(log, replayed(log, TpmHash::sha256), policy)),
              Names())
        << name;
  }
}

// Two separators in one register: an OVMF build of TDX, and whoever makes up a second boot.
TEST(EventLogVectors, ASecondSeparatorIsRefusedUnlessThePolicyKnowsOfIt) {
  const Bytes ovmf = read_attest_vector("ccel/coco_CCEL_data_ovmf.bin");
  const auto quoted = replayed(ovmf, TpmHash::sha384);
  EXPECT_EQ(failed_log_checks(appraise_event_log(ovmf, quoted, ccel_policy())),
            Names{"log_separators"});
  EventLogPolicy known = ccel_policy();
  known.separators = Any{"this firmware maps PCR 1 and PCR 7 to RTMR0"};
  const auto appraisal = appraise_event_log(ovmf, quoted, known);
  EXPECT_EQ(appraisal.verdict, EvidenceVerdict::accepted);
  const Bytes plain(4, 0);
  for (const std::uint32_t index : {1U, 2U}) {
    const Bytes log = with_event(read_attest_vector("ccel/cos113_ccel_data.bin"), index,
                                 event_type::separator, plain, plain);
    EXPECT_EQ(
        failed_log_checks(appraise_event_log(log, replayed(log, TpmHash::sha384), ccel_policy())),
        Names{"log_separators"});
    EXPECT_EQ(failed_log_checks(appraise_event_log(log, cos113_registers(), ccel_policy())),
              (Names{"log_replay", "log_separators"}));
  }
}

TEST(AppraiseEventLog, RefusesWhatWasNotMeasured) {
  const Bytes real = read_attest_vector("ccel/cos113_ccel_data.bin");
  const Bytes shown = {'q', 'u', 'i', 'e', 't'};
  const Bytes measured = {'d', 'e', 'b', 'u', 'g'};
  const Bytes failed_boot = {1, 0, 0, 0};
  const auto judge = [](const Bytes& log) {
    return failed_log_checks(
        appraise_event_log(log, replayed(log, TpmHash::sha384), ccel_policy()));
  };
  EXPECT_EQ(judge(with_event(real, 3, event_type::efi_action, shown, shown)), Names());
  EXPECT_EQ(judge(with_event(real, 3, event_type::efi_action, shown, measured)),
            Names{"log_payloads"});
  const Bytes command = {'g', 'r', 'u', 'b', '_', 'c', 'm', 'd', ':', ' ', 'q', 0};
  EXPECT_EQ(judge(with_event(real, 3, event_type::initial_program_loader, command, measured)),
            Names{"log_payloads"});
  EXPECT_EQ(judge(with_event(real, 3, event_type::initial_program_loader, command, {'q'})),
            Names());
  EXPECT_EQ(judge(with_event(real, 3, event_type::separator, failed_boot, failed_boot)),
            Names{"log_separators"});
  EXPECT_EQ(judge(with_event(real, 0, event_type::efi_action, shown, shown)),
            Names{"log_registers"});
  EXPECT_EQ(judge(with_event(real, 5, event_type::efi_action, shown, shown)),
            Names{"log_registers"});
}

TEST(AppraiseEventLog, WantsRegistersAndATrustedBank) {
  const Bytes log = read_attest_vector("ccel/cos113_ccel_data.bin");
  EventLogPolicy policy = ccel_policy();
  policy.registers = {};
  EXPECT_EQ(failed_log_checks(appraise_event_log(log, cos113_registers(), policy)),
            Names{"log_registers"});
  policy = ccel_policy();
  policy.registers = {1, 2, 3, 4};
  EXPECT_EQ(failed_log_checks(appraise_event_log(log, cos113_registers(), policy)),
            Names{"log_replay"});
  policy = ccel_policy();
  policy.bank = TpmHash::sha256;
  const auto other_bank = appraise_event_log(log, cos113_registers(), policy);
  EXPECT_EQ(failed_log_checks(other_bank), Names{"log_bank"});
  EXPECT_TRUE(other_bank.events.empty());
  policy.bank = TpmHash::sha1;
  EXPECT_EQ(failed_log_checks(appraise_event_log(log, cos113_registers(), policy)),
            Names{"log_bank"});
}

// Goal: no changed byte of a log passes for another boot. Method: each byte of the log changed; it
// is refused, or shows exactly what the unchanged log shows as measured.
TEST(AppraiseEventLog, NoChangedByteShowsAnotherBoot) {
  Bytes log = read_attest_vector("ccel/cos113_ccel_data.bin");
  const auto quoted = cos113_registers();
  const auto genuine = appraise_event_log(log, quoted, ccel_policy());
  for (std::size_t i = 0; i < 18101; i += 3) {
    log[i] = static_cast<std::uint8_t>(log[i] ^ 0x01U);
    const auto appraisal = appraise_event_log(log, quoted, ccel_policy());
    log[i] = static_cast<std::uint8_t>(log[i] ^ 0x01U);
    if (appraisal.verdict != EvidenceVerdict::accepted) continue;
    ASSERT_EQ(appraisal.events.size(), genuine.events.size()) << i;
    for (std::size_t k = 0; k < genuine.events.size(); ++k) {
      ASSERT_EQ(appraisal.events[k].digest, genuine.events[k].digest) << i;
      if (appraisal.events[k].binding == PayloadBinding::bound) {
        ASSERT_EQ(appraisal.events[k].measured, genuine.events[k].measured) << i;
      }
    }
  }
}

TEST(ParseEventLog, RefusesOtherFormatsByName) {
  const auto old =
      parse_event_log(read_attest_vector("tpm/eventlogs/tpm2tools_event-uefi-sha1-log.bin"));
  ASSERT_FALSE(old);
  EXPECT_EQ(old.error().code(), ErrorCode::malformed);
  EXPECT_NE(old.error().message().find("announcement"), std::string::npos);
  // Its announcement has vendor bytes outside the length it gives.
  EXPECT_FALSE(
      parse_event_log(read_attest_vector("tpm/eventlogs/tpm2tools_specid-vendordata.bin")));
}

TEST(ParseEventLog, RefusesTruncationsAndBoundsTheSize) {
  Bytes log = read_attest_vector("tpm/eventlogs/tpm2tools_event-sd-boot-fedora37.bin");
  std::set<std::size_t> ends;  // a few zeros of the next event pass for padding
  for (std::size_t length = 0; length < log.size(); ++length) {
    const auto parsed = parse_event_log(ByteView(log).first(length));
    if (!parsed) continue;
    EXPECT_LE(length - parsed->bytes_used, 5U);
    ends.insert(parsed->bytes_used);
  }
  EXPECT_EQ(ends.size(), parse_event_log(log)->events.size()) << "only between two events";
  log.push_back(7);
  EXPECT_FALSE(parse_event_log(log));
  EXPECT_EQ(parse_event_log(Bytes(event_log_bytes_max + 1)).error().code(), ErrorCode::limit);
  EXPECT_EQ(parse_event_log(Bytes(event_log_bytes_max)).error().code(), ErrorCode::malformed);
}

// The smallest events there are: one SHA-1 digest, no data.
TEST(ParseEventLog, BoundsTheNumberOfEvents) {
  Bytes log(32, 0);
  log[4] = event_type::no_action;
  log[28] = 33;  // the announcement's length
  const std::string_view signature("Spec ID Event03\0", 16);
  log.insert(log.end(), signature.begin(), signature.end());
  log.resize(log.size() + 8);
  put_u32(log, 1);
  log.insert(log.end(), {4, 0, 20, 0, 0});
  Bytes record;
  put_u32(record, 1);
  put_u32(record, event_type::efi_action);
  put_u32(record, 1);
  record.insert(record.end(), {4, 0});
  record.resize(record.size() + 24);
  for (std::size_t i = 0; i < event_log_events_max; ++i) {
    log.insert(log.end(), record.begin(), record.end());
  }
  const auto at_bound = parse_event_log(log);
  ASSERT_TRUE(at_bound) << at_bound.error().message();
  EXPECT_EQ(at_bound->events.size(), event_log_events_max);
  log.insert(log.end(), record.begin(), record.end());
  EXPECT_EQ(parse_event_log(log).error().code(), ErrorCode::limit);
}

TEST(ImaLog, LeadsToEveryValueThatWasQuotedOnTheWay) {
  const Bytes log = read_attest_vector("ima/runtime_measurements.bin");
  const auto entries = parse_ima_log(log);
  ASSERT_TRUE(entries) << entries.error().message();
  ASSERT_EQ(entries->size(), 5U);
  EXPECT_EQ((*entries)[1].path, "/usr/lib/systemd/systemd");
  EXPECT_EQ((*entries)[1].hash_name, "sha256");
  EXPECT_EQ((*entries)[1].file_digest.size(), 32U);
  EXPECT_TRUE((*entries)[3].is_violation);
  const char* const values[] = {"7fa67ccfb7b0a42453a8a932dd1a637f4a23925d3eb6045df9a8c4971c3b3c0d",
                                "729935010421ec7124f1fad625fcde404c083cc8b1c3e43344b8cf4d292bf260",
                                "9795bdd343f058056f2f3f75a4f6b240f733bcbd88d1ca9691f256adb96e5760",
                                "691c516ee33e5fece58f8005fd9d044c33f349508b26c9ff29be08befbb26c18",
                                "a3db23574b1132fed87d335517da5829791bc5a0d9ad7ab4dd5595f12f9707b1"};
  for (std::size_t i = 0; i < 5; ++i) {
    const Bytes value = hex_decode(values[i]).value();
    EXPECT_EQ(ima_entries_behind(*entries, TpmHash::sha256, 10, value).value(), i + 1);
    EXPECT_FALSE(ima_entries_behind(*entries, TpmHash::sha256, 11, value));
  }
  EXPECT_EQ(ima_entries_behind(*entries, TpmHash::sha256, 10, Bytes(32, 0)).value(), 0U);
  EXPECT_FALSE(ima_entries_behind(*entries, TpmHash::sha256, 10, Bytes(32, 1)));
  EXPECT_FALSE(ima_entries_behind(*entries, TpmHash::sha1, 10, Bytes(20, 1)));
}

TEST(ImaLog, RefusesEveryTruncationWithinAnEntry) {
  const Bytes log = read_attest_vector("ima/runtime_measurements.bin");
  std::size_t accepted = 0;
  for (std::size_t length = 0; length < log.size(); ++length) {
    accepted += parse_ima_log(ByteView(log).first(length)) ? 1U : 0U;
  }
  EXPECT_EQ(accepted, 5U) << "only between two entries";
}

TEST(DstackEvents, LeadToTheRegisterOfARealQuote) {
  std::istringstream table(text_of_attest_vector("ccel/dstack_rtmr3_events.tsv"));
  std::string line;
  std::getline(table, line);
  std::vector<DstackEvent> events;
  std::string expected;
  while (std::getline(table, line)) {
    const std::size_t tab = line.find('\t');
    const std::string name = line.substr(0, tab);
    if (name == "RTMR3 of the quote") {
      expected = line.substr(tab + 1);
    } else {
      events.push_back({name, hex_decode(line.substr(tab + 1)).value()});
    }
  }
  ASSERT_EQ(events.size(), 9U);
  EXPECT_EQ(hex_encode(replay_dstack_events(events).bytes), expected);
  events[2].payload[0] ^= 1;
  EXPECT_NE(hex_encode(replay_dstack_events(events).bytes), expected);
}

}  // namespace
}  // namespace mayfly::attest
