#include <korrel/training/progress.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <ostream>

#include <korrel/framework/base/check.h>

namespace korrel::training {
namespace {

constexpr int plain_width = 1000;  // lines that are not redrawn are never cut

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

std::string bar(double done, int width) {
  int full = static_cast<int>(std::clamp(done, 0.0, 1.0) * width);
  std::string text = "[";
  for (int i = 0; i < width; ++i) text += i < full ? '=' : i == full ? '>' : ' ';
  return text + "]";
}

std::string rate_text(double per_second) {
  return per_second < 10'000 ? fmt::format("{:.0f} images/s", per_second)
                             : fmt::format("{:.1f}k images/s", per_second / 1000);
}

}  // namespace

std::string duration_text(double seconds) {
  auto whole = static_cast<int64_t>(std::llround(std::clamp(seconds, 0.0, 1e9)));
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole / 60 % 60);
}

std::string step_text(const StepReport& r, int width) {
  std::string head = fmt::format("epoch {}/{} ", r.epoch, r.epochs);
  std::string tail = fmt::format(" {}/{}  loss {:.4f}  accuracy {:.2f} %  {}  {} left", r.step, r.steps, r.loss,
                                 100 * r.accuracy, rate_text(r.images_per_second), duration_text(r.seconds_left));
  int room = width - 3 - static_cast<int>(head.size() + tail.size());
  double done = r.steps > 0 ? static_cast<double>(r.step) / static_cast<double>(r.steps) : 1;
  return room >= 5 ? head + bar(done, std::min(room, 30)) + tail
                   : (head + tail).substr(0, static_cast<std::size_t>(std::max(width - 1, 1)));
}

std::string epoch_text(const EpochReport& r) {
  std::string text = fmt::format("epoch {}/{}  train loss {:.4f}  accuracy {:.2f} %", r.epoch, r.epochs, r.train_loss,
                                 100 * r.train_accuracy);
  if (!std::isnan(r.test_loss))
    text += fmt::format("  test loss {:.4f}  accuracy {:.2f} %", r.test_loss, 100 * r.test_accuracy);
  text += fmt::format("  {:.1f} s", r.seconds);
  return r.complete ? text : text + "  (stopped before its end)";
}

Progress::Progress(std::ostream& out, ProgressOptions options) : out_(out), options_(options), last_drawn_(now()) {}

Progress::~Progress() { clear_line(); }

void Progress::clear_line() {
  if (line_open_) out_ << "\r\033[K" << std::flush;
  line_open_ = false;
}

void Progress::step(const StepReport& report) {
  double time = now(), wait = options_.seconds_between * (options_.terminal ? 1 : 100);
  if (time - last_drawn_ < wait) return;
  last_drawn_ = time;
  if (options_.terminal) {
    out_ << '\r' << step_text(report, options_.width) << "\033[K" << std::flush;
    line_open_ = true;
  } else {
    out_ << step_text(report, plain_width) << '\n' << std::flush;
  }
}

void Progress::epoch(const EpochReport& report) {
  clear_line();
  out_ << epoch_text(report) << '\n' << std::flush;
  last_drawn_ = now();
}

}  // namespace korrel::training
