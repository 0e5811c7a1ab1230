#include <gtest/gtest.h>

#include "executor/cgroup_layout.hpp"

namespace mayfly::executor {
namespace {

TEST(OwnCgroupPlaces, FindsThePureV2Group) {
  const auto places = own_cgroup_places(
      "0::/user.slice/user-0.slice/session-1.scope\n",
      "35 24 0:30 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n");
  ASSERT_EQ(places.size(), 1U);
  EXPECT_EQ(places[0].version, CgroupVersion::v2);
  EXPECT_EQ(places[0].mount_point, "/sys/fs/cgroup");
  EXPECT_EQ(places[0].directory, "/sys/fs/cgroup/user.slice/user-0.slice/session-1.scope");
  EXPECT_EQ(places[0].path, "/user.slice/user-0.slice/session-1.scope");
}

TEST(OwnCgroupPlaces, FindsEveryHierarchyOfAHybridMachine) {
  const auto places =
      own_cgroup_places("8:pids:/\n4:memory:/slot/a\n2:cpu,cpuacct:/\n1:name=systemd:/\n0::/\n",
                        "31 23 0:28 / /cg rw - tmpfs tmpfs rw,mode=755\n"
                        "32 31 0:29 / /cg/cpu rw,relatime - cgroup cgroup rw,cpu,cpuacct\n"
                        "35 31 0:32 / /cg/memory rw,relatime - cgroup cgroup rw,memory\n"
                        "39 31 0:36 / /cg/pids rw,relatime - cgroup cgroup rw,pids\n"
                        "41 31 0:38 / /cg/unified rw,relatime - cgroup2 cgroup2 rw\n");
  ASSERT_EQ(places.size(), 4U);  // name=systemd is joined and not mounted
  EXPECT_EQ(places[0].directory, "/cg/pids");
  EXPECT_EQ(places[1].directory, "/cg/memory/slot/a");
  EXPECT_EQ(places[2].directory, "/cg/cpu");
  EXPECT_EQ(places[2].controllers, (std::vector<std::string>{"cpu", "cpuacct"}));
  EXPECT_EQ(places[3].version, CgroupVersion::v2);
}

// A container sees only its own part: the mount's root is our group or an ancestor of it.
TEST(OwnCgroupPlaces, SubtractsTheRootOfTheMount) {
  const std::string mountinfo =
      "35 31 0:32 /docker/f00 /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n";
  const auto same = own_cgroup_places("4:memory:/docker/f00\n", mountinfo);
  ASSERT_EQ(same.size(), 1U);
  EXPECT_EQ(same[0].directory, "/sys/fs/cgroup/memory");
  const auto below = own_cgroup_places("4:memory:/docker/f00/job\n", mountinfo);
  ASSERT_EQ(below.size(), 1U);
  EXPECT_EQ(below[0].directory, "/sys/fs/cgroup/memory/job");
}

TEST(OwnCgroupPlaces, LeavesOutWhatTheMountDoesNotReach) {
  const std::string mountinfo =
      "35 31 0:32 /docker/f00 /cg rw - cgroup cgroup rw,memory\n"
      "36 31 0:33 / /cg2 rw - cgroup2 cgroup2 rw\n";
  EXPECT_TRUE(own_cgroup_places("4:memory:/elsewhere\n", mountinfo).empty());
  EXPECT_TRUE(own_cgroup_places("4:memory:/docker/f00bar\n", mountinfo).empty());
  EXPECT_TRUE(own_cgroup_places("0::/../../outside\n", mountinfo).empty());
}

TEST(OwnCgroupPlaces, ReadsEscapedMountPointsAndColonsInPaths) {
  const auto places = own_cgroup_places("0::/a:b\n", "35 31 0:32 / /my\\040cg rw - cgroup2 x rw\n");
  ASSERT_EQ(places.size(), 1U);
  EXPECT_EQ(places[0].directory, "/my cg/a:b");
}

TEST(OwnCgroupPlaces, IgnoresLinesThatMakeNoSense) {
  EXPECT_TRUE(own_cgroup_places("", "").empty());
  EXPECT_TRUE(own_cgroup_places("0\n::\n:", "1 2 3\n - cgroup2\n- - -\n\\1 - cgroup2 a b").empty());
}

TEST(CgroupPathIn, ReadsTheLineOfThatHierarchyOnly) {
  const CgroupPlace memory{CgroupVersion::v1, {"memory"}, "/cg", "/cg", "/"};
  const CgroupPlace unified{CgroupVersion::v2, {}, "/cg", "/cg", "/"};
  const std::string text = "8:pids:/p\n4:memory:/m\n0::/u\n";
  EXPECT_EQ(cgroup_path_in(text, memory), "/m");
  EXPECT_EQ(cgroup_path_in(text, unified), "/u");
  EXPECT_EQ(cgroup_path_in("8:pids:/p\n", memory), "");
}

}  // namespace
}  // namespace mayfly::executor
