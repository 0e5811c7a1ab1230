// Logs beside a TDX quote: a real TD's with its real log and lists, and a made-up TD with the real
// events of a dstack machine.
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "attest/verify/tdx_verify.hpp"
#include "base/file_io.hpp"
#include "base/text_encoding.hpp"
#include "tests/attest/test_intel.hpp"

namespace mayfly::attest {
namespace {

constexpr std::size_t rtmr3_offset = 472;
constexpr UnixMillis cos113_at{1'739'470'481'000};  // of the case tdx-001

Bytes read_vector(const std::string& name) {
  auto bytes = read_file(std::string(MAYFLY_VECTORS) + "/attest/" + name, std::size_t{1} << 20U);
  EXPECT_TRUE(bytes) << bytes.error().message();
  return bytes.value_or(Bytes());
}

EventLogRule boot_rule(std::vector<std::uint32_t> registers) {
  return {.registers = std::move(registers),
          .separators = OneSeparator{},
          .payloads = PayloadsMeasured{}};
}

TdxCollateral cos113_lists() {
  return {.tcb_info = read_vector("tdx/tcbinfo/TDX_00806f050000_20250213T035041_e17.json"),
          .qe_identity = read_vector("tdx/qeid/TD_QE_20250213T033900_e17.json"),
          .signing_chain = read_vector("tdx/certs/tcb_signing_2018_chain.pem"),
          .root_crl = read_vector("tdx/rootcrl/root_20240320T191930.der"),
          .pck_crl = read_vector("tdx/pckcrl/platform_20250213T034028.der")};
}

TdxPolicy cos113_policy() {
  TdxPolicy policy = genuine_tdx_policy();
  policy.event_log = boot_rule({0, 1, 2});
  return policy;
}

TdxAppraisal appraise_cos113(const TdLogs& logs, const TdxPolicy& policy = cos113_policy()) {
  static const Bytes quote = read_vector("tdx/quotes/v4_cos113_google.bin");
  static const TdxCollateral lists = cos113_lists();
  return verify_tdx(quote, lists, policy, cos113_at, logs);
}

TdLogs cos113_logs() {
  return {.boot = read_vector("ccel/cos113_ccel_data.bin"), .runtime = std::nullopt};
}

TEST(TdBootLog, OfARealTdLeadsToItsQuotedRegisters) {
  const TdxAppraisal appraisal = appraise_cos113(cos113_logs());
  EXPECT_EQ(appraisal.verdict, TdxVerdict::accepted);
  EXPECT_EQ(appraisal.finding(TdxCheck::boot_log_replay).outcome, CheckOutcome::pass);
  EXPECT_EQ(appraisal.finding(TdxCheck::boot_log_events).outcome, CheckOutcome::pass);
  EXPECT_EQ(appraisal.finding(TdxCheck::runtime_log_replay).outcome, CheckOutcome::not_asked);
  EXPECT_EQ(appraisal.boot_events.size(), 43U);
  EXPECT_TRUE(std::ranges::any_of(appraisal.boot_events, [](const ProvenEvent& event) {
    return text_of(event.measured).starts_with("/syslinux/vmlinuz.A init=/usr/lib/systemd");
  })) << "the kernel's command line, as RTMR2 has it";
}

TEST(TdBootLog, LeavesTheVerdictOpenIfItIsAskedForAndMissing) {
  const TdxAppraisal appraisal = appraise_cos113({});
  EXPECT_EQ(appraisal.verdict, TdxVerdict::inconclusive);
  EXPECT_EQ(appraisal.finding(TdxCheck::boot_log_replay).outcome, CheckOutcome::not_evaluated);
  EXPECT_TRUE(appraisal.boot_events.empty());
  EXPECT_EQ(appraise_cos113({}, genuine_tdx_policy()).verdict, TdxVerdict::accepted);
}

TEST(TdBootLog, OfAnotherMachineContradictsTheQuote) {
  for (const char* const other :
       {"ccel/coco_CCEL_data.bin", "ccel/coco_CCEL_data_gcp.bin", "tdx/quotes/v5_coco.bin"}) {
    const TdxAppraisal appraisal = appraise_cos113({.boot = read_vector(other), .runtime = {}});
    EXPECT_EQ(appraisal.verdict, TdxVerdict::contradicted) << other;
    EXPECT_EQ(appraisal.finding(TdxCheck::boot_log_replay).outcome, CheckOutcome::fail) << other;
    EXPECT_TRUE(appraisal.boot_events.empty()) << other;
  }
}

// Goal: what a report shows of a log is what the registers prove. Method: change each byte, all
// over the log; whatever is still accepted shows the same bytes as measured, or none.
TEST(TdBootLog, ShowsNothingThatWasChanged) {
  const Bytes genuine = *cos113_logs().boot;
  const TdxAppraisal expected = appraise_cos113(cos113_logs());
  TdQuoteBody body = *expected.verified_body;
  constexpr std::size_t used = 18101;
  for (std::size_t i = 0; i < used; i += 7) {
    Bytes changed = genuine;
    changed[i] ^= 0x20U;
    const TdLogFindings found =
        check_td_logs(body, {.boot = changed, .runtime = {}}, cos113_policy());
    if (found.findings[0].outcome != CheckOutcome::pass ||
        found.findings[1].outcome != CheckOutcome::pass) {
      continue;
    }
    ASSERT_EQ(found.boot_events.size(), expected.boot_events.size()) << i;
    for (std::size_t event = 0; event < found.boot_events.size(); ++event) {
      ASSERT_EQ(found.boot_events[event].digest, expected.boot_events[event].digest) << i;
      // A type is not measured: under another one, what an event shows may not be bound any more.
      const Bytes& measured = found.boot_events[event].measured;
      ASSERT_TRUE(measured.empty() || measured == expected.boot_events[event].measured) << i;
    }
  }
}

TEST(TdBootLog, OfSomeFirmwareNeedsAWaiverOfItsSeparators) {
  TdxPolicy policy = cos113_policy();
  policy.event_log = EventLogRule{
      .registers = {0, 1, 2, 3}, .separators = Any{"not asked"}, .payloads = Any{"not asked"}};
  const TdxAppraisal appraisal = appraise_cos113(cos113_logs(), policy);
  EXPECT_EQ(appraisal.verdict, TdxVerdict::accepted);
  EXPECT_EQ(appraisal.finding(TdxCheck::boot_log_events).outcome, CheckOutcome::not_asked);
  const auto lines = not_asked_by(policy);
  EXPECT_NE(std::ranges::find(lines, "event_log.separators: not asked"), lines.end());
}

// The events of a real dstack machine, and the RTMR3 that its quote had.
struct DstackMachine {
  DstackMachine() {
    const Bytes table = read_vector("ccel/dstack_rtmr3_events.tsv");
    std::istringstream lines{std::string(text_of(table))};
    std::string line;
    std::getline(lines, line);
    while (std::getline(lines, line)) {
      const std::size_t tab = line.find('\t');
      const std::string name = line.substr(0, tab);
      const Bytes value = hex_decode(line.substr(tab + 1)).value();
      if (name == "RTMR3 of the quote") {
        std::ranges::copy(value, intel.body.begin() + rtmr3_offset);
      } else {
        events.push_back({name, value});
      }
    }
    policy = intel.policy();
    policy.runtime_log = std::vector<DstackEvent>{events.at(2)};
  }
  TdxAppraisal appraise(const std::vector<DstackEvent>& shown) const {
    return verify_tdx(intel.quote(), intel.collateral(), policy, intel_now,
                      {.boot = {}, .runtime = encode_dstack_events(shown).value()});
  }

  TestIntel intel;
  std::vector<DstackEvent> events;
  TdxPolicy policy;
};

TEST(TdRuntimeLog, OfARealDstackMachineLeadsToItsRegister) {
  const DstackMachine machine;
  const TdxAppraisal appraisal = machine.appraise(machine.events);
  EXPECT_EQ(appraisal.verdict, TdxVerdict::accepted);
  ASSERT_EQ(appraisal.runtime_events, machine.events);
  EXPECT_EQ(appraisal.runtime_events[2].name, "compose-hash");
}

TEST(TdRuntimeLog, RefusesEveryOtherListOfEvents) {
  const DstackMachine machine;
  for (std::size_t i = 0; i < machine.events.size(); ++i) {
    auto fewer = machine.events;
    fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
    auto renamed = machine.events;
    renamed[i].name += "x";
    auto other = machine.events;
    other[i].payload.push_back(0);
    auto swapped = machine.events;
    std::swap(swapped[i], swapped[(i + 1) % swapped.size()]);
    for (const auto& shown : {fewer, renamed, other, swapped}) {
      const TdxAppraisal appraisal = machine.appraise(shown);
      EXPECT_EQ(appraisal.verdict, TdxVerdict::contradicted) << i;
      EXPECT_EQ(appraisal.finding(TdxCheck::runtime_log_replay).outcome, CheckOutcome::fail) << i;
      EXPECT_TRUE(appraisal.runtime_events.empty()) << i;
    }
  }
}

// An application can extend RTMR3 too, with whatever name it likes: a second event of a name that
// the policy asks for is refused, even if one of the two is the right one.
TEST(TdRuntimeLog, RefusesAnEventThatIsMissingOtherOrThereTwice) {
  DstackMachine machine;
  const DstackEvent wanted = machine.events[2];
  machine.policy.runtime_log =
      std::vector<DstackEvent>{{wanted.name, Bytes(wanted.payload.size())}};
  EXPECT_EQ(machine.appraise(machine.events).verdict, TdxVerdict::refused);
  machine.policy.runtime_log = std::vector<DstackEvent>{{"no-such-event", {}}};
  EXPECT_EQ(machine.appraise(machine.events).verdict, TdxVerdict::refused);
  machine.policy.runtime_log = std::vector<DstackEvent>{wanted};
  auto twice = machine.events;
  twice.push_back({wanted.name, {1, 2, 3}});
  std::ranges::copy(replay_dstack_events(twice).bytes, machine.intel.body.begin() + rtmr3_offset);
  const TdxAppraisal appraisal = machine.appraise(twice);
  EXPECT_EQ(appraisal.verdict, TdxVerdict::refused);
  EXPECT_EQ(appraisal.finding(TdxCheck::runtime_log_replay).outcome, CheckOutcome::pass);
  EXPECT_EQ(appraisal.finding(TdxCheck::runtime_log_events).outcome, CheckOutcome::fail);
}

TEST(TdRuntimeLog, LeavesTheVerdictOpenIfItIsAskedForAndMissing) {
  const DstackMachine machine;
  const auto appraisal =
      verify_tdx(machine.intel.quote(), machine.intel.collateral(), machine.policy, intel_now);
  EXPECT_EQ(appraisal.verdict, TdxVerdict::inconclusive);
  const auto unreadable = verify_tdx(machine.intel.quote(), machine.intel.collateral(),
                                     machine.policy, intel_now, {.boot = {}, .runtime = Bytes(3)});
  EXPECT_EQ(unreadable.verdict, TdxVerdict::contradicted);
}

// "a:b" and "c" are measured as "a" and "b:c" would be: only one of them can be shown.
TEST(DstackEventList, HasOneReadingForEachDigest) {
  EXPECT_EQ(dstack_event_digest({"a:b", {'c'}}), dstack_event_digest({"a", {'b', ':', 'c'}}));
  const std::vector<DstackEvent> two_readings{{"a:b", {'c'}}};
  EXPECT_EQ(encode_dstack_events(two_readings).error().code(), ErrorCode::malformed);
  EXPECT_EQ(decode_dstack_events(Bytes{0, 3, 'a', ':', 'b', 0, 0, 0, 1, 'c'}).error().code(),
            ErrorCode::malformed);
}

TEST(DstackEventList, IsReadAsItWasWritten) {
  const DstackMachine machine;
  const Bytes encoded = encode_dstack_events(machine.events).value();
  EXPECT_EQ(decode_dstack_events(encoded).value(), machine.events);
  std::size_t whole = 0;
  for (std::size_t length = 0; length < encoded.size(); ++length) {
    const auto decoded = decode_dstack_events(ByteView(encoded).first(length));
    whole += decoded ? 1U : 0U;
    if (!decoded) {
      EXPECT_EQ(decoded.error().code(), ErrorCode::malformed) << length;
    }
  }
  EXPECT_EQ(whole, machine.events.size()) << "only between two events";
}

TEST(DstackEventList, IsBounded) {
  const std::string longest(dstack_event_name_bytes_max, 'n');
  const Bytes largest(dstack_event_payload_bytes_max);
  std::vector<DstackEvent> events{{longest, largest}};
  EXPECT_EQ(decode_dstack_events(encode_dstack_events(events).value()).value(), events);
  for (const DstackEvent& over :
       {DstackEvent{longest + "n", {}}, DstackEvent{"n", Bytes(largest.size() + 1)},
        DstackEvent{"", {}}}) {
    events = {over};
    EXPECT_EQ(encode_dstack_events(events).error().code(), ErrorCode::limit);
  }
  events.assign(dstack_events_max, {"n", {}});
  Bytes most = encode_dstack_events(events).value();
  EXPECT_EQ(decode_dstack_events(most).value().size(), dstack_events_max);
  most.insert(most.end(), {0, 1, 'n', 0, 0, 0, 0});
  EXPECT_EQ(decode_dstack_events(most).error().code(), ErrorCode::limit);
}

}  // namespace
}  // namespace mayfly::attest
