// The korrel program: what the command line says goes to the commands beside this file. Exit status: 0 done, 1 an error
// (told as `korrel: error: ...`), 2 a wrong command line, 130 ended by Ctrl-C (143 by SIGTERM), weights saved.
#include <apps/korrel/commands.h>
#include <korrel/framework/base/error.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <iostream>
#include <new>

namespace korrel::app {
namespace {

constexpr int failed = 1, wrong_usage = 2;

int complain(const std::string& what, int status) {
  std::cout.flush();
  std::cerr << "korrel: error: " << what << std::endl;
  return status;
}

// CLI::Range lets NaN pass, and an unsigned option takes -1 for its largest value.
CLI::Validator real_number(double low, double high) {
  return CLI::Validator(
      [low, high](const std::string& text) {
        char* end = nullptr;
        double value = std::strtod(text.c_str(), &end);
        bool fits = end != text.c_str() && *end == '\0' && value >= low && value <= high;
        return fits ? std::string()
                    : "Value " + text + " is no number from " + std::to_string(low) + " to " + std::to_string(high);
      },
      "NUMBER");
}
CLI::Validator no_sign() {
  return CLI::Validator(
      [](const std::string& text) {
        bool digits = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
        return digits ? std::string() : "Value " + text + " is no whole number from 0 on";
      },
      "");
}

void add_data_options(CLI::App& command, std::string& data, std::string& data_dir) {
  command.add_option("--data", data, "Data set; `korrel list` names them")->capture_default_str();
  command.add_option("--data-dir", data_dir, "Folder of its files (or KORREL_DATA in the environment)");
}

// Options by what config.json calls them, so that --resume knows which were given.
class NamedOptions {
 public:
  CLI::Option* add(const char* name, CLI::Option* option) {
    options_.emplace_back(name, option);
    return option;
  }
  std::vector<std::string> given() const {
    std::vector<std::string> names;
    for (const auto& [name, option] : options_)
      if (option->count() > 0) names.emplace_back(name);
    return names;
  }

 private:
  std::vector<std::pair<const char*, CLI::Option*>> options_;
};

void add_optimization(CLI::App& train, NamedOptions& named, TrainSettings& s) {
  named.add("optimizer", train.add_option("--optimizer", s.optimizer, "sgd, adam or adamw"))
      ->check(CLI::IsMember({"sgd", "adam", "adamw"}))
      ->capture_default_str();
  named.add("lr", train.add_option("--lr", s.lr, "Learning rate; of schedule onecycle its peak"))
      ->check(real_number(0, 1e6))
      ->capture_default_str();
  named.add("momentum", train.add_option("--momentum", s.momentum, "Momentum of sgd"))
      ->check(real_number(0, 1.0))
      ->capture_default_str();
  named.add("nesterov", train.add_flag("--nesterov", s.nesterov, "Nesterov's momentum for sgd"));
  named.add("weight_decay", train.add_option("--weight-decay", s.weight_decay, "Weight decay"))
      ->check(real_number(0, 1e6))
      ->capture_default_str();
  named
      .add("schedule", train.add_option("--schedule,--scheduler", s.schedule,
                                        "Of the learning rate: cosine to zero over all epochs, step, onecycle (also of "
                                        "momentum or beta1, by the step), or none"))
      ->check(CLI::IsMember({"step", "cosine", "onecycle", "none"}))
      ->capture_default_str();
  named.add("step_size", train.add_option("--step-size", s.step_size, "Epochs between two steps of schedule step"))
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  named.add("gamma", train.add_option("--gamma", s.gamma, "What schedule step multiplies the learning rate by"))
      ->check(real_number(0, 1.0))
      ->capture_default_str();
}

void add_regularisation(CLI::App& train, NamedOptions& named, TrainSettings& s) {
  named
      .add("augment",
           train.add_option("--augment", s.augment,
                            "Change training images at random; some of crop,flip,cutout: shifted by up to an eighth, "
                            "left and right exchanged, a square of half the side cleared"))
      ->type_name("LIST");
  named
      .add("label_smoothing", train.add_option("--label-smoothing", s.label_smoothing,
                                               "Share of each label that is spread over all classes"))
      ->check(real_number(0, 1.0))
      ->capture_default_str();
  named
      .add("mixup", train.add_option("--mixup", s.mixup,
                                     "Blend each sample with another, by a share from Beta(ALPHA, ALPHA) (0: none)"))
      ->check(real_number(0, 1e6))
      ->type_name("ALPHA");
  named
      .add("ema", train.add_option("--ema", s.ema,
                                   "Keep the moving average of the weights with this decay, such as 0.999, beside "
                                   "them; it is what is evaluated and saved (0: none)"))
      ->check(real_number(0, 0.999999999))
      ->type_name("DECAY");
}

void add_train(CLI::App& app, NamedOptions& named, TrainSettings& s) {
  CLI::App& train = *app.add_subcommand("train", "Train a model and write a run folder");
  named.add("model", train.add_option("model", s.model, "Model; `korrel list` names them"))->capture_default_str();
  add_data_options(train, s.data, s.data_dir);
  named.add("data", train.get_option("--data"));
  named.add("data_dir", train.get_option("--data-dir"));
  named.add("epochs", train.add_option("--epochs", s.epochs, "Passes over the training set"))
      ->check(CLI::Range(0, 1'000'000))
      ->capture_default_str();
  named.add("batch_size", train.add_option("--batch-size", s.batch_size, "Samples per step"))
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  add_optimization(train, named, s);
  add_regularisation(train, named, s);
  named.add("limit", train.add_option("--limit", s.limit, "Train on the first N samples only (0: all)"))
      ->check(CLI::Range(int64_t{0}, INT64_MAX));
  named
      .add("hold_out", train.add_option("--hold-out,--val", s.hold_out,
                                        "Keep the last N training samples out and evaluate on them after each epoch; "
                                        "the test set is kept for the end"))
      ->check(CLI::Range(int64_t{0}, INT64_MAX));
  named.add("workers", train.add_option("--workers", s.workers, "Threads that prepare batches ahead (0: none)"))
      ->check(CLI::Range(0, 256))
      ->capture_default_str();
  named
      .add("seed",
           train.add_option("--seed", s.seed, "Of weights, order and augmentation: the same seed gives the same run"))
      ->check(no_sign())
      ->capture_default_str();
  named
      .add("threads",
           train.add_option("--threads", s.threads, "Threads to compute with (default: all that the machine grants)"))
      ->check(CLI::Range(1, 1024));
  CLI::Option* out = train.add_option(
      "--out", s.out, "Run folder; what it holds from an earlier run is replaced (default: runs/MODEL-DATA, numbered)");
  train
      .add_option(
          "--resume", s.resume,
          "Go on with the run in this folder, as if it had never stopped; all other settings are those in its "
          "config.json, but --epochs (the schedule is laid out anew), --threads, --workers and --data-dir may be given")
      ->type_name("RUN_FOLDER")
      ->excludes(out);
  train.add_option("--stop-after", s.stop_after, "Stop after so many epochs of the run, to be resumed (0: never)")
      ->check(CLI::Range(0, 1'000'000));
}

void add_eval(CLI::App& app, EvalSettings& s) {
  CLI::App& eval = *app.add_subcommand("eval", "Evaluate saved weights on a test set");
  eval.add_option("model", s.model, "Model (default: the one that the weights file names)");
  eval.add_option("--weights", s.weights, "A model.safetensors")->required();
  add_data_options(eval, s.data, s.data_dir);
  eval.add_option("--batch-size", s.batch_size, "Samples per step")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  eval.add_option("--threads", s.threads, "Threads to compute with (default: all that the machine grants)")
      ->check(CLI::Range(1, 1024));
}

// CLI11 says only that a command is missing when there is one that it does not know.
std::string usage_message(const CLI::App& app, const CLI::ParseError& error, int argc, char** argv) {
  if (app.get_subcommands().empty() && argc > 1)
    return std::string(argv[1][0] == '-' ? "unknown option '" : "unknown command '") + argv[1] +
           "'; there are: train, eval, summary, list (see korrel --help)";
  std::string command = app.get_subcommands().empty() ? "korrel" : "korrel " + app.get_subcommands()[0]->get_name();
  return std::string(error.what()) + " (see " + command + " --help)";
}

int run(int argc, char** argv) {
  CLI::App app{"Korrel: train and evaluate convolutional networks", "korrel"};
  app.require_subcommand(1);
  app.set_version_flag("--version", version_text());
  app.get_formatter()->column_width(34);
  TrainSettings train;
  EvalSettings eval;
  SummarySettings summary;
  NamedOptions train_options;
  add_train(app, train_options, train);
  add_eval(app, eval);
  CLI::App& summarise = *app.add_subcommand("summary", "Print a model's layers, shapes, parameters and cost");
  summarise.add_option("model", summary.model, "Model; `korrel list` names them")->required();
  summarise.add_option("--input", summary.input,
                       "Shape of one sample, such as 1x28x28 (default: the model's usual one)");
  app.add_subcommand("list", "List models and data sets");
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked) {
    return app.exit(asked);  // --help, --version
  } catch (const CLI::ParseError& error) {
    return complain(usage_message(app, error, argc, argv), wrong_usage);
  }
  train.given = train_options.given();
  if (app.got_subcommand("train")) return train_command(train);
  if (app.got_subcommand("eval")) return eval_command(eval);
  if (app.got_subcommand("summary")) return summary_command(summary);
  return list_command();
}

}  // namespace
}  // namespace korrel::app

int main(int argc, char** argv) {
  using namespace korrel::app;
  try {
    return run(argc, argv);
  } catch (const UsageError& error) {
    return complain(error.what(), wrong_usage);
  } catch (const std::bad_alloc&) {
    return complain("out of memory", failed);
  } catch (const std::exception& error) {
    return complain(error.what(), failed);
  }
}
