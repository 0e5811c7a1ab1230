// What is read of /proc/PID/status, and what its first line cannot fake.
#include "executor/proc_files.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

namespace mayfly::executor {
namespace {

constexpr std::string_view sample =
    "Name:\tUid:\\n\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t4242\nPid:\t4242\nPPid:\t17\n"
    "TracerPid:\t9\nUid:\t1900000001\t1900000002\t1900000003\t1900000004\n"
    "Gid:\t5\t6\t7\t8\nNStgid:\t4242\t3\nNSpid:\t4242\t77\t3\nVmRSS:\t    1234 kB\n"
    "CapInh:\t0000000000000001\nCapPrm:\t0000000000000002\nCapEff:\t0000000000000004\n"
    "CapBnd:\t000001ffffffffff\nCapAmb:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\n"
    "Seccomp_filters:\t1\n";

TEST(ParseStatus, ReadsTheFields) {
  const auto status = parse_status(sample);
  ASSERT_TRUE(status) << status.error().message();
  EXPECT_EQ(status->parent, 17);
  EXPECT_EQ(status->inner, 3);
  EXPECT_EQ(status->uids,
            (std::array<std::uint32_t, 4>{1900000001, 1900000002, 1900000003, 1900000004}));
  EXPECT_EQ(status->gids, (std::array<std::uint32_t, 4>{5, 6, 7, 8}));
  EXPECT_EQ(status->capabilities, 0x1ffffffffffULL);
  EXPECT_EQ(status->no_new_privileges, 1);
  EXPECT_EQ(status->seccomp_mode, 2);
}

TEST(ParseStatus, RefusesEveryMissingLine) {
  for (const char* field : {"PPid", "Uid", "Gid", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb",
                            "NoNewPrivs", "Seccomp"}) {
    std::string text(sample);
    const std::size_t at = text.find("\n" + std::string(field) + ":");
    ASSERT_NE(at, std::string::npos) << field;
    text[at + 1] = '_';
    EXPECT_FALSE(parse_status(text)) << field;
  }
}

TEST(ReadStatus, KnowsUs) {
  const auto status = read_status(::getpid());
  ASSERT_TRUE(status) << status.error().message();
  EXPECT_EQ(status->parent, ::getppid());
  EXPECT_EQ(status->uids[1], ::geteuid());
}

TEST(ReadProc, CutsAtItsBoundAndSaysWhoIsGone) {
  const auto cut = read_proc(::getpid(), "status", 5);
  ASSERT_TRUE(cut);
  EXPECT_EQ(*cut, "Name:");
  const auto gone = read_proc(0x7fffffff, "status", 5);
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code(), ErrorCode::unavailable);
}

}  // namespace
}  // namespace mayfly::executor
