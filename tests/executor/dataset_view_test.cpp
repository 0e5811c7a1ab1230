// The dataset as a job sees it: one file in sealed memory, readable in every way, changed in none.
#include <gtest/gtest.h>

#include "tests/executor/sandbox_run.hpp"

namespace mayfly::executor::test {
namespace {

const std::string contents = "id,name\n1,Ada\n2,Grace\n";

TEST(DatasetView, CanBeReadInEveryOrdinaryWay) {
  const auto dataset = dataset_of("people.csv", contents);
  const RunReport report = run(
      python("import mmap, os, shutil, subprocess\n"
             "path = '/data/people.csv'\n"
             "text = open(path, 'rb').read()\n"
             "with open(path, 'rb') as f:\n"
             "  assert mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ)[:] == text\n"
             "assert os.stat(path).st_size == len(text)\n"
             "assert os.path.samestat(os.stat(path), os.stat(path))\n"
             "shutil.copy(path, 'copy')\n"
             "subprocess.check_call(['cp', path, 'copy2'])\n"
             "subprocess.check_call(['cmp', 'copy', path])\n"
             "subprocess.check_call('sort /data/people.csv > sorted && wc -l < /data/people.csv &&"
             " tar -chf t.tar /data 2>/dev/null && install -m 600 /data/people.csv i',"
             " shell=True)\n"
             "assert open('copy', 'rb').read() == open('copy2', 'rb').read() == text\n"
             "print(os.listdir('/data'), len(text))\n"),
      &dataset);
  EXPECT_EQ(outcome_of(report), "exited 0") << stderr_of(report);
  EXPECT_EQ(stdout_of(report), "3\n['people.csv'] " + std::to_string(contents.size()) + "\n");
}

TEST(DatasetView, CannotBeChanged) {
  const auto dataset = dataset_of("people.csv", contents);
  const RunReport report = run(
      python("import mmap, os\n"
             "path = '/data/people.csv'\n"
             "def attempt(name, action):\n"
             "  try: action(); print('done:', name)\n"
             "  except (OSError, ValueError): pass\n"
             "def mapped():\n"
             "  with open(path, 'r+b') as f: mmap.mmap(f.fileno(), 0)[0] = 65\n"
             "def opened():\n"
             "  with open(path, 'r+b') as f: f.write(b'X')\n"
             "for who in ('plain', 'after chmod'):\n"
             "  attempt(who + ' write', opened)\n"
             "  attempt(who + ' append', lambda: open(path, 'ab', 0).write(b'X'))\n"
             "  attempt(who + ' truncate', lambda: os.truncate(path, 1))\n"
             "  attempt(who + ' grow', lambda: os.truncate(path, 1000))\n"
             "  attempt(who + ' map', mapped)\n"
             "  attempt(who + ' punch', lambda: os.posix_fallocate(os.open(path, 2), 0, 4096))\n"
             "  try: os.chmod(path, 0o666)\n"
             "  except OSError: pass\n"
             "attempt('unlink', lambda: os.unlink(path))\n"
             "attempt('replace', lambda: os.symlink('/work/x', '/data/people.csv2'))\n"
             "print(open(path).read(), end='')\n"),
      &dataset);
  EXPECT_EQ(outcome_of(report), "exited 0") << stderr_of(report);
  EXPECT_EQ(stdout_of(report), contents);
  EXPECT_EQ(text_of(dataset.files().front().view()), contents);
}

TEST(DatasetView, ModeAndOwnerAreNotTheJobs) {
  if (!is_root()) GTEST_SKIP() << "an ordinary user's job is the file's owner; its seals hold";
  const auto dataset = dataset_of("people.csv", contents);
  const RunReport report =
      run(shell("stat -Lc '%a %U' /data/people.csv; chmod 600 /data/people.csv 2>/dev/null && echo "
                "chmod; (: >> /data/people.csv) 2>/dev/null && echo opened; true"),
          &dataset);
  EXPECT_EQ(stdout_of(report), "444 nobody\n");
}

TEST(DatasetView, DirectoriesBecomeTrees) {
  std::vector<intake::SealedFile> files;
  files.push_back(sealed_file("a.txt", "A"));
  files.push_back(sealed_file("sub/b.txt", "BB"));
  files.push_back(sealed_file("sub/deeper/c.txt", ""));
  const auto dataset = intake::Dataset::of_directory(std::move(files));
  ASSERT_TRUE(dataset);
  const RunReport report =
      run(shell("cd /data; find -L . -type f | sort | xargs wc -c | sed 's/^ *//'"), &*dataset);
  EXPECT_EQ(stdout_of(report), "1 ./a.txt\n2 ./sub/b.txt\n0 ./sub/deeper/c.txt\n3 total\n");
}

// More than one message of descriptors, and more than the usual 1,024 open files.
TEST(DatasetView, ManyFilesAreAllThere) {
  std::vector<intake::SealedFile> files;
  constexpr int count = 600;
  for (int i = 0; i < count; ++i) {
    files.push_back(sealed_file("part-" + std::to_string(i), std::to_string(i)));
  }
  const auto dataset = intake::Dataset::of_directory(std::move(files));
  ASSERT_TRUE(dataset);
  const RunReport report =
      run(python("import os\n"
                 "print(sum(int(open('/data/' + name).read()) for name in os.listdir('/data')))\n"),
          &*dataset);
  EXPECT_EQ(stdout_of(report), std::to_string(count * (count - 1) / 2) + "\n") << stderr_of(report);
}

}  // namespace
}  // namespace mayfly::executor::test
