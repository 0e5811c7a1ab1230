// Collectors against stand-ins for the kernel, the Nitro module and dstack's agent, each with the
// errors of the real one.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include "attest/collect/confidential_space.hpp"
#include "attest/collect/dstack_socket.hpp"
#include "attest/collect/nitro_device.hpp"
#include "attest/collect/rtmr.hpp"
#include "attest/collect/tsm_report.hpp"
#include "attest/model/evidence_parts.hpp"
#include "attest/verify/nitro_document.hpp"
#include "attest/verify/tdx_quote.hpp"
#include "base/file_io.hpp"
#include "base/text_encoding.hpp"
#include "base/unique_fd.hpp"
#include "crypto/pem.hpp"
#include "tests/attest/tpm_vectors.hpp"

namespace mayfly::attest {
namespace {

ReportData binding_of(std::uint8_t byte) {
  ReportData out;
  out.fill(byte);
  return out;
}

Bytes snp_report_over(const ReportData& data) {
  Bytes report = read_attest_vector("snp/coco_milan.report");
  std::ranges::copy(data, report.begin() + 0x50);
  return report;
}

// A request folder as the kernel keeps it: drivers/virt/coco/tsm.c.
class FakeKernel : public TsmFiles {
 public:
  Result<void> make(const std::string& request) override {
    EXPECT_TRUE(requests_.insert(request).second) << "a folder that is used twice";
    generation_ = 0;
    inblob_.clear();
    return {};
  }
  void remove(const std::string& request) override { requests_.erase(request); }

  Result<Bytes> read(const std::string& request, std::string_view attribute) override {
    EXPECT_TRUE(requests_.contains(request));
    if (attribute == "generation") return text(std::to_string(generation_) + "\n");
    if (attribute == "provider") return text(provider + "\n");
    if (attribute == "auxblob") {
      return auxblob ? Result<Bytes>(*auxblob) : refusal(ENOENT);
    }
    EXPECT_EQ(attribute, "outblob");
    if (inblob_.empty()) return refusal(EINVAL);
    if (!errors.empty()) {
      const int error = errors.front();
      errors.erase(errors.begin());
      if (error != 0) return refusal(error);
      return Bytes();  // a quoting service that fails without an error
    }
    if (other_writer) {
      other_writer = false;
      ++generation_;
    }
    ReportData data;
    std::ranges::copy(inblob_, data.begin());
    return make_report(data);
  }

  Result<void> write(const std::string& request, std::string_view attribute,
                     ByteView value) override {
    EXPECT_TRUE(requests_.contains(request));
    EXPECT_EQ(attribute, "inblob");
    EXPECT_EQ(value.size(), 64U);
    inblob_.assign(value.begin(), value.end());
    ++generation_;
    return {};
  }

  std::size_t folders_left() const { return requests_.size(); }

  std::string provider = "sev_guest";
  std::optional<Bytes> auxblob;
  std::vector<int> errors;  // of the first reads of outblob; 0: empty
  bool other_writer = false;
  std::function<Bytes(const ReportData&)> make_report = snp_report_over;

 private:
  static Bytes text(const std::string& value) { return {value.begin(), value.end()}; }
  static Result<Bytes> refusal(int error) {
    return std::unexpected(Error(ErrorCode::unavailable, std::strerror(error), error));
  }

  std::set<std::string> requests_;
  std::uint64_t generation_ = 0;
  Bytes inblob_;
};

struct Patience {
  int pauses = 0;
  TsmPatience of(int tries_max) {
    return {.tries_max = tries_max, .pause = [this] { ++pauses; }};
  }
};

TEST(TsmReport, IsOverTheBytesThatWereAskedFor) {
  FakeKernel kernel;
  Patience patience;
  const ReportData data = binding_of(0x5a);
  const auto report = read_tsm_report(kernel, data, patience.of(3));
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->provider, "sev_guest");
  const auto evidence = evidence_of(*report, TeeKind::snp, data);
  ASSERT_TRUE(evidence) << evidence.error().message();
  EXPECT_EQ(evidence->quote, snp_report_over(data));
  EXPECT_TRUE(evidence->parts.empty());
  EXPECT_EQ(kernel.folders_left(), 0U);
  EXPECT_FALSE(evidence_of(*report, TeeKind::snp, binding_of(0x5b))) << "another binding";
  EXPECT_FALSE(evidence_of(*report, TeeKind::tdx, data)) << "another kind of machine";
}

TEST(TsmReport, IsAskedForAgainWhileTheHostIsBusyAndNoLonger) {
  for (const int error : {EBUSY, EINTR, ETIMEDOUT, EAGAIN, 0}) {
    FakeKernel kernel;
    Patience patience;
    kernel.errors = {error, error};
    EXPECT_TRUE(read_tsm_report(kernel, binding_of(1), patience.of(3))) << error;
    EXPECT_EQ(patience.pauses, 2);
    kernel.errors = {error, error, error};
    const auto given_up = read_tsm_report(kernel, binding_of(1), patience.of(3));
    ASSERT_FALSE(given_up) << error;
    EXPECT_EQ(given_up.error().code(), ErrorCode::unavailable);
    EXPECT_EQ(kernel.folders_left(), 0U) << "a folder is left behind";
  }
  FakeKernel kernel;
  Patience patience;
  kernel.errors = {EIO};
  EXPECT_FALSE(read_tsm_report(kernel, binding_of(1), patience.of(3)));
  EXPECT_EQ(patience.pauses, 0) << "not an error that passes";
}

TEST(TsmReport, NoticesAnotherWriter) {
  FakeKernel kernel;
  Patience patience;
  kernel.other_writer = true;
  EXPECT_FALSE(read_tsm_report(kernel, binding_of(1), patience.of(1)));
  kernel.other_writer = true;
  EXPECT_TRUE(read_tsm_report(kernel, binding_of(1), patience.of(2)));
}

Bytes certificate_table(const std::vector<std::pair<std::string, Bytes>>& entries) {
  Bytes out;
  std::size_t offset = (entries.size() + 1) * 24;
  const auto put_u32 = [&out](std::size_t value) {
    for (std::size_t i = 0; i < 4; ++i) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  };
  for (const auto& [guid, certificate] : entries) {
    const Bytes id = hex_decode(guid).value();
    out.insert(out.end(), id.begin(), id.end());
    put_u32(offset);
    put_u32(certificate.size());
    offset += certificate.size();
  }
  out.resize(out.size() + 24);
  for (const auto& entry : entries) {
    out.insert(out.end(), entry.second.begin(), entry.second.end());
  }
  return out;
}

TEST(TsmReport, BringsTheCertificatesOfTheHost) {
  const auto issuers =
      crypto::split_pem_chain(read_attest_vector("snp/certs/ask_ark_milan.pem"), 2).value();
  const Bytes leaf = read_attest_vector("snp/coco_milan.vcek.der");
  const std::pair<std::string, Bytes> ark{"c0b406a4a803495297433fb6014cd0ae", issuers[1]};
  const std::pair<std::string, Bytes> ask{"4ab7b379bbac4fe4a02f05aef327c782", issuers[0]};
  const std::pair<std::string, Bytes> vcek{"63da758de6644564adc5f4b93be8accd", leaf};
  const ReportData data = binding_of(7);
  const auto whole = snp_evidence(snp_report_over(data), certificate_table({ark, ask, vcek}), data);
  ASSERT_TRUE(whole) << whole.error().message();
  ASSERT_EQ(whole->parts.size(), 1U);
  EXPECT_EQ(whole->parts[0].name, "certificate_chain");
  EXPECT_EQ(crypto::split_pem_chain(whole->parts[0].bytes, 3).value(),
            (std::vector<Bytes>{leaf, issuers[0], issuers[1]}));
  const auto partial = snp_evidence(snp_report_over(data), certificate_table({vcek}), data);
  ASSERT_TRUE(partial);
  EXPECT_TRUE(partial->parts.empty()) << "the operator's are used instead";
  Bytes table = certificate_table({vcek});
  table[20] = 0xff;
  table[21] = 0xff;
  EXPECT_EQ(snp_evidence(snp_report_over(data), table, data).error().code(), ErrorCode::malformed);
  for (std::size_t length = 1; length < 24; ++length) {
    EXPECT_FALSE(snp_evidence(snp_report_over(data), Bytes(length, 1), data)) << length;
  }
}

TEST(TsmReport, CutsATdxQuoteOutOfItsBuffer) {
  for (const char* name : {"tdx/quotes/v4_phala_uptodate.bin", "tdx/quotes/v5_google_2026.bin"}) {
    Bytes buffer = read_attest_vector(name);
    const auto parsed = parse_tdx_quote(buffer);
    ASSERT_TRUE(parsed);
    const Bytes quote(parsed->quote_bytes.begin(), parsed->quote_bytes.end());
    const ReportData data = parsed->body.report_data;
    buffer.resize(buffer.size() + 3000);
    const auto evidence = tdx_evidence(buffer, data);
    ASSERT_TRUE(evidence) << evidence.error().message();
    EXPECT_EQ(evidence->quote, quote);
    EXPECT_EQ(evidence->format, parsed->version == 4 ? "tdx-quote-v4" : "tdx-quote-v5");
    EXPECT_FALSE(tdx_evidence(buffer, binding_of(3)));
    for (const std::size_t length :
         {std::size_t{0}, std::size_t{47}, std::size_t{640}, quote.size() - 1}) {
      EXPECT_FALSE(tdx_evidence(ByteView(quote).first(length), data)) << length;
    }
  }
}

TEST(TsmFiles, SayWhatIsMissing) {
  const auto files = kernel_tsm_files("/nowhere/tsm");
  const auto made = files->make("request");
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code(), ErrorCode::unavailable);
  EXPECT_EQ(made.error().error_number(), ENOENT);
  EXPECT_NE(made.error().message().find("configfs"), std::string::npos);
}

// --- RTMR ---

TEST(Rtmr, IsExtendedAndLookedAt) {
  Bytes value(48, 0x11);
  const RegisterFile kernel{.read = [&] { return Result<Bytes>(value); },
                            .extend = [&](ByteView digest) -> Result<void> {
                              Bytes both = value;
                              both.insert(both.end(), digest.begin(), digest.end());
                              const auto next = crypto::sha384(both);
                              value.assign(next.bytes.begin(), next.bytes.end());
                              return {};
                            }};
  const crypto::Sha384 digest = crypto::sha384(bytes_of("an image"));
  const auto after = extend_rtmr(kernel, digest);
  ASSERT_TRUE(after) << after.error().message();
  EXPECT_TRUE(std::ranges::equal(after->bytes, value));
  const RegisterFile lazy{.read = kernel.read, .extend = [](ByteView) { return Result<void>(); }};
  EXPECT_EQ(extend_rtmr(lazy, digest).error().code(), ErrorCode::internal);
}

TEST(Rtmr, IsTheKernelsFileOfTwoRegisters) {
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("mayfly-rtmr-" + std::to_string(::getpid()));
  std::filesystem::create_directory(folder);
  std::ofstream(folder / "rtmr3:sha384") << std::string(48, 'x');
  EXPECT_TRUE(rtmr_file(folder, 3));
  EXPECT_FALSE(rtmr_file(folder, 2)) << "an older kernel";
  EXPECT_EQ(rtmr_file(folder, 1).error().code(), ErrorCode::malformed);
  // A plain file does not extend: what was written is there instead.
  EXPECT_EQ(extend_rtmr(*rtmr_file(folder, 3), crypto::Sha384{}).error().code(),
            ErrorCode::internal);
  std::filesystem::remove_all(folder);
}

// --- Nitro ---

Bytes nitro_answer(const Bytes& document) {
  Bytes out{0xa1, 0x6b};
  const auto put = [&out](std::string_view text) {
    out.insert(out.end(), text.begin(), text.end());
  };
  put("Attestation");
  out.insert(out.end(), {0xa1, 0x68});
  put("document");
  out.insert(out.end(), {0x59, static_cast<std::uint8_t>(document.size() >> 8U),
                         static_cast<std::uint8_t>(document.size())});
  out.insert(out.end(), document.begin(), document.end());
  return out;
}

TEST(NitroModule, IsAskedForADocumentOverTheBytes) {
  const Bytes document = read_attest_vector("nitro/dstack_1.bin");
  Bytes request;
  const NitroModule module = [&](ByteView asked) {
    request.assign(asked.begin(), asked.end());
    return Result<Bytes>(nitro_answer(document));
  };
  const auto evidence = nitro_evidence(module, binding_of(0x42));
  ASSERT_TRUE(evidence) << evidence.error().message();
  EXPECT_EQ(evidence->quote, document);
  EXPECT_EQ(evidence->kind, TeeKind::nitro);
  std::string bytes;
  for (int i = 0; i < 64; ++i) bytes += "42";
  EXPECT_EQ(hex_encode(request), "a16b4174746573746174696f6ea369757365725f646174615840" + bytes +
                                     "656e6f6e6365f66a7075626c69635f6b6579f6");
}

TEST(NitroModule, IsHeldToItsForm) {
  const auto code_of = [](const Bytes& answer) {
    const auto evidence = nitro_evidence([&](ByteView) { return Result<Bytes>(answer); }, {});
    return evidence ? ErrorCode::internal : evidence.error().code();
  };
  const Bytes good = nitro_answer(Bytes(300, 0x84));
  EXPECT_EQ(code_of(good), ErrorCode::internal);
  for (std::size_t length = 0; length < good.size(); ++length) {
    EXPECT_EQ(code_of(Bytes(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(length))),
              ErrorCode::malformed);
  }
  EXPECT_EQ(code_of(hex_decode("a1654572726f726f496e76616c6964417267756d656e74").value()),
            ErrorCode::unavailable);
  EXPECT_FALSE(open_nitro_module("/nowhere/nsm"));
}

// --- dstack ---

// Answers one connection with fixed bytes, and keeps what it was asked.
class FakeAgent {
 public:
  explicit FakeAgent(std::string answer) : answer_(std::move(answer)) {
    path_ = std::filesystem::temp_directory_path().string() + "/mayfly-dstack-" +
            std::to_string(::getpid());
    ::unlink(path_.c_str());
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path_.data(), path_.size());
    listener_.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::bind(listener_.borrow(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(listener_.borrow(), 1), 0);
    thread_ = std::thread([this] { serve(); });
  }
  FakeAgent(const FakeAgent&) = delete;
  FakeAgent& operator=(const FakeAgent&) = delete;
  ~FakeAgent() {
    thread_.join();
    ::unlink(path_.c_str());
  }

  Result<Evidence> ask(DstackVersion version, const ReportData& data) {
    return ask_with([&] { return dstack_evidence(path_, version, data); });
  }
  Result<Evidence> ask_for_token(const ReportData& data) {
    return ask_with([&] { return confidential_space_evidence(path_, data); });
  }
  template <class Ask>
  Result<Evidence> ask_with(Ask ask_for) {
    auto evidence = ask_for();
    thread_.join();
    thread_ = std::thread([] {});
    return evidence;
  }
  const std::string& asked() const { return asked_; }

 private:
  void serve() {
    const UniqueFd connection(::accept(listener_.borrow(), nullptr, nullptr));
    std::string buffer(65536, '\0');
    while (asked_.find('}') == std::string::npos) {
      const ssize_t count = ::read(connection.borrow(), buffer.data(), buffer.size());
      if (count <= 0) break;
      asked_.append(buffer, 0, static_cast<std::size_t>(count));
    }
    EXPECT_TRUE(write_all(connection, bytes_of(answer_)));
  }

  std::string answer_;
  std::string path_;
  std::string asked_;
  UniqueFd listener_;
  std::thread thread_;
};

struct DstackSample {
  DstackSample() {
    const Bytes bytes = read_attest_vector("tdx/quotes/v4_phala_uptodate.bin");
    hex = hex_encode(bytes);
    const auto parsed = parse_tdx_quote(bytes);
    data = parsed->body.report_data;
    quote.assign(parsed->quote_bytes.begin(), parsed->quote_bytes.end());
  }
  std::string json(const std::string& prefix = "") const {
    return R"({"event_log":"[{\"quote\":\"00\"}]","quote": ")" + prefix + hex + "\"}";
  }
  std::string hex;
  ReportData data{};
  Bytes quote;
};

std::string http(const std::string& body, const std::string& status = "200 OK") {
  return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         body;
}

TEST(DstackSocket, IsAskedInTheWayOfEachVersion) {
  const DstackSample sample;
  FakeAgent current(http(sample.json()));
  const auto evidence = current.ask(DstackVersion::v1, sample.data);
  ASSERT_TRUE(evidence) << evidence.error().message();
  EXPECT_EQ(evidence->quote, sample.quote);
  EXPECT_TRUE(current.asked().starts_with("POST /GetQuote HTTP/1.1\r\n"));
  EXPECT_NE(current.asked().find(hex_encode(sample.data)), std::string::npos);
  FakeAgent old(http(sample.json("0x")));
  ASSERT_TRUE(old.ask(DstackVersion::v0, sample.data));
  EXPECT_TRUE(old.asked().starts_with("POST /prpc/Tappd.TdxQuote?json HTTP/1.1\r\n"));
  EXPECT_NE(old.asked().find("\"hash_algorithm\":\"raw\""), std::string::npos);
}

TEST(DstackSocket, HandsOutTheEventLogThatCameWithTheQuote) {
  const DstackSample sample;
  const auto evidence = FakeAgent(http(sample.json())).ask(DstackVersion::v1, sample.data);
  ASSERT_TRUE(evidence) << evidence.error().message();
  ASSERT_EQ(evidence->parts.size(), 1U);
  EXPECT_EQ(evidence->parts[0].name, part_name::runtime_log);
  EXPECT_EQ(text_of(evidence->parts[0].bytes), R"([{"quote":"00"}])");
  const std::string quote = R"({"quote":")" + sample.hex + "\"";
  const auto without = FakeAgent(http(quote + "}")).ask(DstackVersion::v1, sample.data);
  EXPECT_TRUE(without->parts.empty());
  const std::string empty = quote + R"(,"event_log":""})";
  EXPECT_TRUE(FakeAgent(http(empty)).ask(DstackVersion::v1, sample.data)->parts.empty());
  for (const std::string log : {R"("[\u005d")", R"("[\)", R"("[)"}) {
    const std::string body = quote + ",\"event_log\":" + log + "}";
    EXPECT_FALSE(FakeAgent(http(body)).ask(DstackVersion::v1, sample.data)) << log;
  }
}

TEST(DstackSocket, TakesChunksAndNothingThatIsBroken) {
  const DstackSample sample;
  const std::string body = sample.json();
  char size[32];
  std::snprintf(size, sizeof size, "%zx\r\n", body.size() - 10);
  const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string chunks = std::string(size) + body.substr(0, body.size() - 10) + "\r\na\r\n" +
                             body.substr(body.size() - 10) + "\r\n";
  EXPECT_TRUE(FakeAgent(head + chunks + "0\r\n\r\n").ask(DstackVersion::v1, sample.data));
  EXPECT_FALSE(FakeAgent(head + chunks).ask(DstackVersion::v1, sample.data)) << "never ended";
  EXPECT_FALSE(FakeAgent("").ask(DstackVersion::v1, sample.data));
  EXPECT_FALSE(FakeAgent(http("{}")).ask(DstackVersion::v1, sample.data));
  EXPECT_FALSE(FakeAgent(http(R"({"quote":"xyz"})")).ask(DstackVersion::v1, sample.data));
  EXPECT_FALSE(FakeAgent(http(body)).ask(DstackVersion::v1, binding_of(9))) << "another binding";
  const auto refused = FakeAgent(http("{}", "500 No")).ask(DstackVersion::v1, sample.data);
  EXPECT_EQ(refused.error().code(), ErrorCode::unavailable);
  EXPECT_FALSE(dstack_evidence("/nowhere/socket", DstackVersion::v1, sample.data));
  EXPECT_EQ(dstack_evidence(std::string(200, 'x'), DstackVersion::v1, {}).error().code(),
            ErrorCode::limit);
}

// --- Confidential Space ---

std::string token_of(const std::string& claims) {
  return "eyJhbGciOiJSUzI1NiJ9." + base64url_encode(bytes_of(claims)) + ".c2lnbmF0dXJl";
}

TEST(ConfidentialSpace, IsAskedForATokenThatBindsTheBytes) {
  const ReportData data = binding_of(0x42);
  const std::string nonce = hex_encode(crypto::sha256(data).bytes);
  const std::string token = token_of(R"({"eat_nonce":")" + nonce + "\"}");
  FakeAgent launcher(http(token + "\n"));
  const auto evidence = launcher.ask_for_token(data);
  ASSERT_TRUE(evidence) << evidence.error().message();
  EXPECT_EQ(evidence->kind, TeeKind::confidential_space);
  EXPECT_EQ(evidence->format, quote_format::confidential_space);
  EXPECT_EQ(text_of(evidence->quote), token);
  EXPECT_TRUE(launcher.asked().starts_with("POST /v1/token HTTP/1.1\r\n"));
  EXPECT_NE(launcher.asked().find(R"({"audience":"mayfly","token_type":"PKI","nonces":[")" + nonce +
                                  R"("]})"),
            std::string::npos);
}

TEST(ConfidentialSpace, IsHeldToItsForm) {
  const ReportData data = binding_of(1);
  const auto code_of = [&](const std::string& answer) {
    const auto evidence = FakeAgent(answer).ask_for_token(data);
    return evidence ? ErrorCode::internal : evidence.error().code();
  };
  EXPECT_EQ(code_of(http(token_of("{}"))), ErrorCode::unavailable) << "binds nothing";
  EXPECT_EQ(code_of(http("no token")), ErrorCode::malformed);
  EXPECT_EQ(code_of(http("a.!.c")), ErrorCode::malformed);
  EXPECT_EQ(code_of(http("", "500 Internal Server Error")), ErrorCode::unavailable);
  EXPECT_EQ(confidential_space_evidence("/nowhere/socket", data).error().code(),
            ErrorCode::unavailable);
}

}  // namespace
}  // namespace mayfly::attest
