// Seeded runs: what a job draws at random is the same for one seed, and another for another.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "executor/seeded.hpp"
#include "tests/executor/sandbox_run.hpp"

namespace mayfly::executor::test {
namespace {

crypto::Sha256 seed_of(std::string_view text) {
  return crypto::sha256(bytes_of(text));
}

// All that programs commonly draw, one a line.
constexpr std::string_view drawing = R"(
import ctypes, os, random, secrets, subprocess, tempfile, threading, uuid
libc = ctypes.CDLL(None)
libc.getauxval.restype = ctypes.c_ulong
print('uuid', uuid.uuid4())
print('random', random.random(), secrets.token_hex(8))
print('hash', hash('a text'))
print('urandom', open('/dev/urandom', 'rb').read(16).hex())
print('random device', subprocess.check_output(['head', '-c', '8', '/dev/random']).hex())
print('name', os.path.basename(tempfile.mkdtemp()))
print('image', ctypes.string_at(libc.getauxval(25), 16).hex())
print('child', subprocess.check_output(['python3', '-c', 'import os; print(os.urandom(4).hex())']))
drawn = []
thread = threading.Thread(target=lambda: drawn.append(os.urandom(8).hex()))
thread.start(); thread.join(); print('thread', drawn)
print('address', ctypes.cast(libc.getauxval, ctypes.c_void_p).value)
)";

std::vector<std::string> lines_of(const std::optional<crypto::Sha256>& seed) {
  SandboxSpec spec = python(drawing);
  spec.seed = seed;
  const RunReport report = run(spec);
  EXPECT_EQ(outcome_of(report), "exited 0") << stderr_of(report);
  std::vector<std::string> lines;
  std::string text = stdout_of(report);
  for (std::size_t end = 0; (end = text.find('\n')) != std::string::npos; text.erase(0, end + 1)) {
    lines.push_back(text.substr(0, end));
  }
  EXPECT_EQ(report.confinement.contains("randomness"), seed.has_value());
  return lines;
}

TEST(SeededRun, DrawsTheSameForOneSeed) {
  const auto first = lines_of(seed_of("one"));
  ASSERT_EQ(first.size(), 10U);
  EXPECT_EQ(lines_of(seed_of("one")), first);
}

TEST(SeededRun, DrawsAnotherForAnotherSeedAndInEveryRunWithoutOne) {
  const auto seeded = lines_of(seed_of("one"));
  const auto other = lines_of(seed_of("two"));
  const auto first = lines_of(std::nullopt);
  const auto second = lines_of(std::nullopt);
  ASSERT_EQ(first.size(), 10U);
  ASSERT_EQ(other.size(), 10U);
  for (std::size_t i = 0; i < 10; ++i) {
    EXPECT_NE(first[i], second[i]) << "this test cannot fail";
    // The last is an address: fixed, not drawn.
    if (i + 1 < first.size()) {
      EXPECT_NE(seeded.at(i), other[i]);
    }
  }
}

TEST(SeededRun, HasACalendarThatBeginsAtAFixedMomentAndGoesOn) {
  constexpr std::string_view script = R"(
import datetime, subprocess, time
start = time.time(); counted = time.monotonic()
time.sleep(0.2)
print(datetime.datetime.utcnow().year, subprocess.check_output(['date', '+%Y']).decode().strip())
print(0.1 < time.time() - start < 30, 0.1 < time.monotonic() - counted < 30, start < 946684900)
)";
  SandboxSpec spec = python(script);
  spec.seed = seed_of("one");
  EXPECT_EQ(stdout_of(run(spec)), "2000 2000\nTrue True True\n");
  spec.seed.reset();
  EXPECT_THAT(stdout_of(run(spec)), testing::Not(testing::StartsWith("2000")));
}

TEST(SeededRun, AsksTheKernelNowhereElse) {
  SandboxSpec spec = python(
      "import ctypes\nlibc = ctypes.CDLL(None)\n"
      "libc.getauxval.restype = ctypes.c_ulong\nprint(libc.getauxval(33))");
  spec.seed = seed_of("one");
  EXPECT_EQ(stdout_of(run(spec)), "0\n") << "a vDSO can be found";
  spec.seed.reset();
  EXPECT_NE(stdout_of(run(spec)), "0\n") << "this test cannot fail";
}

TEST(SeededRun, IsUnderAPolicyThatSaysSo) {
  SandboxSpec spec = shell("true");
  const auto plain = policy_in_use(spec);
  spec.seed = seed_of("one");
  const auto seeded = policy_in_use(spec);
  ASSERT_TRUE(plain && seeded);
  EXPECT_NE(plain->hash, seeded->hash);
  EXPECT_EQ(run(spec).policy_hash, seeded->hash);
}

// --- the generator ---

TEST(SeededRandom, IsAFunctionOfSeedSourceWhoAndHowOften) {
  std::set<std::vector<std::uint8_t>> seen;
  const auto draw = [](SeededRandom& random, SeededRandom::Source source, std::int32_t who) {
    std::vector<std::uint8_t> bytes(40);
    random.fill(source, who, bytes);
    return bytes;
  };
  SeededRandom random(seed_of("one"));
  SeededRandom same(seed_of("one"));
  SeededRandom other(seed_of("two"));
  for (const auto source : {SeededRandom::Source::call, SeededRandom::Source::image}) {
    for (const std::int32_t who : {3, 4}) {
      for (int i = 0; i < 3; ++i) {
        const auto bytes = draw(random, source, who);
        EXPECT_EQ(draw(same, source, who), bytes);
        EXPECT_TRUE(seen.insert(bytes).second);
        EXPECT_TRUE(seen.insert(draw(other, source, who)).second);
      }
    }
  }
}

TEST(SeededRandom, AStreamIsTheSameInPiecesAndAsAWhole) {
  const auto key = seed_of("key");
  std::vector<std::uint8_t> whole(160);
  fill_from(key, 0, whole);
  std::vector<std::uint8_t> part(64);
  fill_from(key, 96, part);
  EXPECT_TRUE(std::equal(part.begin(), part.end(), whole.begin() + 96));
}

}  // namespace
}  // namespace mayfly::executor::test
