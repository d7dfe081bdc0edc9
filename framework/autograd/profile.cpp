#include <korrel/framework/autograd/profile.h>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <tuple>

#include <korrel/framework/autograd/call_path.h>
#include <korrel/framework/autograd/record.h>
#include <korrel/framework/base/allocator.h>
#include <korrel/framework/base/check.h>
#include <korrel/framework/base/work.h>

namespace korrel {

using Clock = std::chrono::steady_clock;

struct ProfileRecord : Counted {
  static void destroy(ProfileRecord* record) { delete record; }

  using Key = std::tuple<std::string, std::string, bool>;  // op, path, backward
  std::map<Key, ProfileRow> rows;
  Clock::time_point start, last_note, end;
  int64_t multiply_adds = 0;  // this thread's counter at the last note
  bool running = true;

  // The clock is read first and set last: what the bookkeeping costs is in no row.
  void note(std::string op, std::string path, bool backward, int64_t bytes, Clock::time_point now) {
    ProfileRow& row = rows[{op, path, backward}];
    row.op = std::move(op);
    row.path = std::move(path);
    row.backward = backward;
    ++row.calls;
    row.seconds += std::chrono::duration<double>(now - last_note).count();
    row.multiply_adds += multiply_adds_asked - multiply_adds;
    row.bytes += bytes;
    row.bytes_in_use = std::max(row.bytes_in_use, memory::statistics().bytes_in_use);
    multiply_adds = multiply_adds_asked;
    last_note = Clock::now();
  }
};

namespace {

thread_local ProfileRecord* measured = nullptr;  // by the Profile that runs on this thread

int64_t bytes_of(const Shape& shape, DType dtype) {
  int64_t count = static_cast<int64_t>(size_of(dtype));
  for (int64_t size : shape) count *= size;
  return count;
}

// KORREL_PROFILE=1: from here, when the library is loaded, to the end of main.
const bool from_environment = [] {
  const char* wish = std::getenv("KORREL_PROFILE");
  if (wish == nullptr || *wish == '\0' || *wish == '0') return false;
  static Profile profile;
  std::atexit([] {
    profile.stop();
    std::fputs(profile.table().c_str(), stderr);
  });
  return true;
}();

}  // namespace

Profile::Profile() : record_(new ProfileRecord) {
  check<ValueError>(measured == nullptr, "profile: this thread is being measured already");
  measured = record_.get();
  recording::watch().profile = true;
  record_->multiply_adds = multiply_adds_asked;
  record_->start = record_->last_note = Clock::now();
}

Profile::~Profile() { stop(); }

void Profile::stop() {
  if (!record_->running) return;
  record_->end = Clock::now();
  record_->running = false;
  if (measured != record_.get()) return;  // stopped by another thread: that one's notes end with its next Profile
  measured = nullptr;
  recording::watch().profile = false;
}

double Profile::seconds() const {
  return std::chrono::duration<double>((record_->running ? Clock::now() : record_->end) - record_->start).count();
}

std::vector<ProfileRow> Profile::rows() const {
  std::vector<ProfileRow> rows;
  rows.reserve(record_->rows.size());
  for (const auto& [key, row] : record_->rows) rows.push_back(row);
  std::stable_sort(rows.begin(), rows.end(),
                   [](const ProfileRow& a, const ProfileRow& b) { return a.seconds > b.seconds; });
  return rows;
}

std::string Profile::table() const {
  std::vector<ProfileRow> all = rows();
  double noted = 0;
  int64_t peak = 0;
  for (const ProfileRow& row : all) {
    noted += row.seconds;
    peak = std::max(peak, row.bytes_in_use);
  }
  std::string text = fmt::format("{:<30} {:<28} {:>8} {:>10} {:>10} {:>6} {:>14} {:>10}\n", "op", "module", "calls",
                                 "total ms", "us a call", "share", "rate", "memory");
  for (const ProfileRow& row : all) {
    std::string rate;
    if (row.multiply_adds > 0)
      rate = fmt::format("{:.1f} GFLOP/s", 2e-9 * static_cast<double>(row.multiply_adds) / row.seconds);
    else if (row.bytes > 0)
      rate = fmt::format("{:.1f} GB/s", 1e-9 * static_cast<double>(row.bytes) / row.seconds);
    text += fmt::format("{:<30} {:<28} {:>8} {:>10.3f} {:>10.2f} {:>5.1f}% {:>14} {:>7.1f} MB\n",
                        row.op + (row.backward ? " (backward)" : ""), row.path, row.calls, 1e3 * row.seconds,
                        1e6 * row.seconds / static_cast<double>(row.calls), 100 * row.seconds / noted, rate,
                        1e-6 * static_cast<double>(row.bytes_in_use));
  }
  return text + fmt::format("measured {:.3f} s, {:.3f} s of it in these rows; tensors held at most {:.1f} MB\n",
                            seconds(), noted, 1e-6 * static_cast<double>(peak));
}

namespace profiling {

void end_op(const char* op, const Tensor& output, int64_t input_bytes) {
  if (!measured) return;
  Clock::time_point now = Clock::now();
  int64_t bytes = input_bytes ? input_bytes + bytes_of(output.shape(), output.dtype()) : 0;
  measured->note(op, current_call_path(), false, bytes, now);
}

void end_of(const char* what, const char* part) {
  if (!recording::watch().profile) return;
  Clock::time_point now = Clock::now();
  measured->note(std::string(what) + part, "", false, 0, now);
}

NodeScope::~NodeScope() {
  if (!recording::watch().profile) return;
  Clock::time_point now = Clock::now();
  int64_t bytes = 0;
  for (const Node::Output& output : node_.outputs) bytes += bytes_of(output.shape, output.dtype);
  for (const Node::Edge& edge : node_.inputs)
    if (edge.connected()) bytes += bytes_of(edge.shape, edge.dtype);
  measured->note(node_.op, node_.path, true, bytes, now);
}

}  // namespace profiling
}  // namespace korrel
