// The program end to end: what a run leaves behind, that it can be repeated and interrupted, and what wrong use is
// told.
#include <doctest/doctest.h>
#include <korrel/framework/io/safetensors.h>
#include <tests/apps/program.h>

#include <cstdio>
#include <nlohmann/json.hpp>
#include <sstream>

using namespace korrel;

namespace {

std::vector<std::string> short_run(const std::string& out, std::vector<std::string> more = {}) {
  std::vector<std::string> arguments{"train",        "lenet5", "--limit", "640", "--epochs", "2",
                                     "--batch-size", "16",     "--seed",  "3",   "--out",    out};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

// An error is one line on stderr beginning so, and nothing of a stack trace.
void check_refused(const Ended& run, int status, const char* words) {
  CAPTURE(run.err);
  CHECK(run.status == status);
  CHECK(run.err.starts_with("korrel: error: "));
  CHECK(contains(run.err, words));
  CHECK(run.err.find('\n') == run.err.size() - 1);
}

}  // namespace

TEST_CASE("a run leaves config, metrics, weights and curves, and ends with the test accuracy") {
  TemporaryFolder folder;
  Ended run = run_korrel(short_run(folder / "a"));
  CAPTURE(run.err);
  REQUIRE(run.status == 0);
  CHECK(run.err.empty());
  std::string last = last_line(run.out);
  double accuracy = 0;
  REQUIRE(std::sscanf(last.c_str(), "test accuracy: %lf %%", &accuracy) == 1);
  CHECK(last.ends_with(" %"));
  CHECK(accuracy > 60);
  CHECK(contains(run.out, "epoch 2/2  train loss"));
  CHECK_FALSE(contains(run.out, "\033"));  // plain lines where there is no terminal

  auto config = nlohmann::json::parse(read_bytes(folder / "a/config.json"));
  CHECK(config["model"] == "lenet5");
  CHECK(config["data"] == "digits");
  CHECK(config["limit"] == 640);
  CHECK(config["seed"] == 3);
  std::istringstream metrics(read_bytes(folder / "a/metrics.csv"));
  std::string line, final_row;
  std::getline(metrics, line);
  CHECK(line == "epoch,train_loss,train_accuracy,test_loss,test_accuracy,seconds");
  int rows = 0;
  for (; std::getline(metrics, line); final_row = line) ++rows;
  CHECK(rows == 2);
  double csv_accuracy = 0;
  REQUIRE(std::sscanf(final_row.c_str(), "2,%*f,%*f,%*f,%lf,", &csv_accuracy) == 1);
  CHECK(100 * csv_accuracy == doctest::Approx(accuracy).epsilon(1e-3));
  SafetensorsFile weights = load_safetensors(folder / "a/model.safetensors");
  CHECK(weights.at("conv1.weight").shape() == Shape{6, 1, 5, 5});
  CHECK(weights.at("fc3.bias").shape() == Shape{10});
  CHECK(read_bytes(folder / "a/curves.svg").starts_with("<svg"));
  CHECK(load_safetensors(folder / "a/checkpoint.safetensors").contains("optimizer.state.0.exp_avg"));
  CHECK(std::distance(std::filesystem::directory_iterator(folder / "a"), {}) == 5);

  Ended eval = run_korrel({"eval", "--weights", folder / "a/model.safetensors"});
  CHECK(eval.status == 0);
  CHECK(last_line(eval.out) == last);
}

TEST_CASE("the same seed gives the same weights for any number of threads and workers; another seed others") {
  TemporaryFolder folder;
  std::string expected;
  for (const std::vector<std::string>& more : std::vector<std::vector<std::string>>{
           {"--threads", "1"}, {"--threads", "3", "--workers", "2"}, {"--threads", "2", "--workers", "1"}}) {
    std::vector<std::string> arguments = short_run(folder / "a", more);
    arguments.insert(arguments.end(), {"--augment", "crop,flip,cutout", "--mixup", "0.2"});
    REQUIRE(run_korrel(arguments).status == 0);
    std::string weights = read_bytes(folder / "a/model.safetensors");
    if (expected.empty()) expected = weights;
    CHECK(weights == expected);
  }
  REQUIRE(run_korrel({"train", "lenet5", "--limit", "640", "--epochs", "2", "--batch-size", "16", "--augment",
                      "crop,flip,cutout", "--mixup", "0.2", "--seed", "4", "--out", folder / "a"})
              .status == 0);
  CHECK(read_bytes(folder / "a/model.safetensors") != expected);
}

TEST_CASE("optimizers, schedules and samples held out") {
  TemporaryFolder folder;
  for (const std::vector<std::string>& more : std::vector<std::vector<std::string>>{
           {"--optimizer", "sgd", "--lr", "0.01", "--momentum", "0.5", "--weight-decay", "1e-4"},
           {"--optimizer", "adamw", "--scheduler", "step", "--step-size", "1", "--gamma", "0.5"},
           {"--optimizer", "sgd", "--lr", "0.05", "--nesterov", "--schedule", "onecycle"},
           {"--schedule", "none", "--hold-out", "200"}}) {
    Ended run = run_korrel(short_run(folder / "a", more));
    CAPTURE(run.err);
    CHECK(run.status == 0);
    CHECK(last_line(run.out).starts_with("test accuracy: "));
    CHECK(contains(run.out, "held out to evaluate on: 200") == (more[0] == "--schedule"));
  }
  CHECK(run_korrel(short_run(folder / "b", {"--epochs", "0"})).status != 0);  // given twice
  Ended untrained = run_korrel({"train", "lenet5", "--limit", "64", "--epochs", "0", "--out", folder / "c"});
  CHECK(untrained.status == 0);
  CHECK(last_line(untrained.out).starts_with("test accuracy: "));
}

TEST_CASE(
    "each option of the training changes it and is in config.json; the averaged weights are those that are saved") {
  TemporaryFolder folder;
  REQUIRE(run_korrel(short_run(folder / "plain")).status == 0);
  std::string plain = read_bytes(folder / "plain/model.safetensors");
  struct Row {
    const char *option, *value, *key;
  };
  for (const Row& row :
       {Row{"--augment", "crop", "augment"}, Row{"--augment", "flip", "augment"}, Row{"--augment", "cutout", "augment"},
        Row{"--label-smoothing", "0.1", "label_smoothing"}, Row{"--mixup", "0.2", "mixup"}, Row{"--ema", "0.9", "ema"},
        Row{"--schedule", "onecycle", "schedule"}, Row{"--weight-decay", "0.01", "weight_decay"},
        Row{"--hold-out", "100", "hold_out"}}) {
    CAPTURE(row.option);
    CAPTURE(row.value);
    Ended run = run_korrel(short_run(folder / "a", {row.option, row.value}));
    REQUIRE(run.status == 0);
    auto setting = nlohmann::json::parse(read_bytes(folder / "a/config.json"))[row.key];
    CHECK((setting.is_string() ? setting.get<std::string>() == row.value
                               : setting.get<double>() == std::stod(row.value)));
    CHECK((read_bytes(folder / "a/model.safetensors") != plain) == (std::string(row.option) != "--hold-out"));
    Ended eval = run_korrel({"eval", "--weights", folder / "a/model.safetensors"});
    CHECK(last_line(eval.out) == last_line(run.out));
    SafetensorsFile checkpoint = load_safetensors(folder / "a/checkpoint.safetensors");
    CHECK(checkpoint.contains("average.updates") == (row.key == std::string("ema")));
    if (checkpoint.contains("average.updates")) {
      Tensor saved = load_safetensors(folder / "a/model.safetensors").at("conv1.weight");
      CHECK(saved.to_vector() == checkpoint.at("average.weights.conv1.weight").to_vector());
      CHECK(saved.to_vector() != checkpoint.at("model.conv1.weight").to_vector());
    }
  }
}

TEST_CASE("resnet20 trains on colour pictures and on grey ones, with all options together") {
  TemporaryFolder folder;
  std::string batch;  // 20 pictures of CIFAR-10's form
  for (int i = 0; i < 20; ++i) {
    batch.push_back(static_cast<char>(i % 10));
    for (int j = 0; j < 3072; ++j) batch.push_back(static_cast<char>(i * 31 + j * 7));
  }
  folder.write("cifar/data_batch_1.bin", batch);
  folder.write("cifar/data_batch_5.bin", batch);
  auto idx = [](std::initializer_list<int> sizes) {
    std::string bytes{0, 0, 8, static_cast<char>(sizes.size())};
    int64_t total = 1;
    for (int size : sizes) {
      bytes += std::string{0, 0, static_cast<char>(size >> 8), static_cast<char>(size)};
      total *= size;
    }
    for (int64_t i = 0; i < total; ++i) bytes.push_back(static_cast<char>(sizes.size() == 1 ? i % 10 : i * 7));
    return bytes;
  };
  for (const char* part : {"train", "t10k"}) {
    folder.write("clothes/" + std::string(part) + "-images-idx3-ubyte", idx({20, 28, 28}));
    folder.write("clothes/" + std::string(part) + "-labels-idx1-ubyte", idx({20}));
  }
  for (auto [data, where] : {std::pair{"cifar10", "cifar"}, std::pair{"fashion-mnist", "clothes"}}) {
    Ended run = run_korrel({"train",
                            "resnet20",
                            "--data",
                            data,
                            "--data-dir",
                            folder / where,
                            "--epochs",
                            "1",
                            "--batch-size",
                            "8",
                            "--augment",
                            "crop,flip,cutout",
                            "--label-smoothing",
                            "0.1",
                            "--schedule",
                            "onecycle",
                            "--ema",
                            "0.99",
                            "--mixup",
                            "0.2",
                            "--optimizer",
                            "sgd",
                            "--lr",
                            "0.1",
                            "--momentum",
                            "0.9",
                            "--nesterov",
                            "--weight-decay",
                            "5e-4",
                            "--hold-out",
                            "4",
                            "--out",
                            folder / "a"});
    CAPTURE(run.err);
    CHECK(run.status == 0);
    CHECK(last_line(run.out).starts_with("test accuracy: "));
    CHECK(contains(run.out, std::string(data) == "cifar10" ? "269722 parameters" : "269434 parameters"));
  }
}

TEST_CASE("without --out, run folders are numbered and none is overwritten") {
  TemporaryFolder folder;
  for (int i = 0; i < 2; ++i) {
    REQUIRE(run_korrel({"train", "lenet5", "--limit", "64", "--epochs", "1"}, {.folder = folder.path()}).status == 0);
  }
  CHECK(std::filesystem::exists(folder / "runs/lenet5-digits/model.safetensors"));
  CHECK(std::filesystem::exists(folder / "runs/lenet5-digits-2/model.safetensors"));
}

TEST_CASE("Ctrl-C ends a run after the step in progress, with the weights so far, a config and no remains") {
  for (int signal : {SIGINT, SIGTERM}) {
    TemporaryFolder folder;
    Ended run = run_korrel({"train", "lenet5", "--epochs", "1000", "--out", folder / "a"},
                           {.signal = signal, .when = folder / "a/metrics.csv"});
    CAPTURE(run.out);
    CHECK(run.status == 128 + signal);
    CHECK(run.err.empty());
    CHECK(contains(last_line(run.out), "the weights so far are in"));
    CHECK(load_safetensors(folder / "a/model.safetensors").contains("conv1.weight"));
    for (const auto& entry : std::filesystem::directory_iterator(folder / "a"))
      CHECK(entry.path().extension() != ".tmp");
    CHECK(run_korrel({"eval", "--weights", folder / "a/model.safetensors"}).status == 0);
  }
}

TEST_CASE("wrong command lines: exit status 2, and a message that names what is wrong") {
  TemporaryFolder folder;
  auto refused = [&](const std::vector<std::string>& arguments, const char* words) {
    check_refused(run_korrel(arguments, {.folder = folder.path()}), 2, words);
  };
  refused({}, "subcommand is required");
  refused({"trian"}, "unknown command 'trian'; there are: train, eval, summary, list");
  refused({"--frobnicate"}, "--frobnicate");
  refused({"train", "lenet6"}, "lenet6");
  refused({"train", "lenet5", "--data", "mnist2"}, "unknown data set 'mnist2'; there are: digits, mnist");
  refused({"train", "lenet5", "--epochz", "3"}, "--epochz");
  refused({"train", "lenet5", "--epochs", "three"}, "--epochs");
  refused({"train", "lenet5", "--epochs", "-1"}, "--epochs");
  refused({"train", "lenet5", "--batch-size", "0"}, "--batch-size");
  refused({"train", "lenet5", "--optimizer", "rms"}, "sgd,adam,adamw");
  refused({"train", "lenet5", "--scheduler", "linear"}, "step,cosine,onecycle,none");
  refused({"train", "lenet5", "--augment", "crop,rotate"}, "there is no 'rotate'; there are: crop, flip, cutout");
  refused({"train", "sequence", "--data", "waves", "--augment", "crop"}, "--augment is for images");
  refused({"train", "lenet5", "--nesterov"}, "--nesterov is for --optimizer sgd with momentum");
  refused({"train", "lenet5", "--ema", "1"}, "--ema");
  refused({"train", "lenet5", "--mixup", "-1"}, "--mixup");
  refused({"train", "lenet5", "--label-smoothing", "1.5"}, "--label-smoothing");
  refused({"train", "lenet5", "--threads", "0"}, "--threads");
  refused({"train", "lenet5", "--workers", "-1"}, "--workers");
  refused({"train", "lenet5", "--lr", "nan"}, "--lr");
  refused({"train", "lenet5", "--seed", "-1"}, "--seed");
  refused({"train", "lenet5", "--hold-out", "20000"}, "--hold-out 20000 leaves nothing of 20000");
  refused({"train", "lenet5", "--data", "solids"}, "lenet5");
  refused({"train", "lenet5", "extra"}, "extra");
  refused({"eval"}, "--weights is required");
  CHECK(folder.files() == 0);  // nothing half-begun is left
}

TEST_CASE("what cannot be read or written is found before training: exit status 1") {
  TemporaryFolder folder;
  folder.write("file", "");
  auto refused = [&](const std::vector<std::string>& arguments, const std::string& words, RunOptions options = {}) {
    options.data_variable = false;
    Ended run = run_korrel(arguments, options);
    check_refused(run, 1, words.c_str());
    CHECK_FALSE(contains(run.out, "epoch"));
  };
  refused({"train", "lenet5", "--data", "mnist", "--out", folder / "a"}, "no data folder was named");
  refused({"train", "lenet5", "--data", "mnist", "--data-dir", folder / "none", "--out", folder / "a"},
          "there is no folder");
  refused({"train", "lenet5", "--data", "fashion-mnist", "--data-dir", folder.path(), "--out", folder / "a"},
          "nothing to read in");
  CHECK_FALSE(std::filesystem::exists(folder / "a"));
  refused({"train", "lenet5", "--limit", "64", "--out", folder / "file/a"}, "cannot be made");
  refused({"train", "lenet5", "--limit", "64", "--out", folder / "file"}, "cannot be made");
  refused({"train", "lenet5", "--limit", "64", "--out", folder / "full"}, "cannot be written",
          {.largest_file = 100'000});
  CHECK(std::filesystem::is_empty(folder / "full"));
  if (geteuid() != 0) {  // root may write everywhere
    std::filesystem::create_directory(folder / "locked");
    std::filesystem::permissions(folder / "locked",
                                 std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
    refused({"train", "lenet5", "--limit", "64", "--out", folder / "locked/a"}, "Permission denied");
  }
}

TEST_CASE("weights that do not fit are refused by name") {
  TemporaryFolder folder;
  auto refused = [&](const std::string& weights, const char* words, int status = 1) {
    check_refused(run_korrel({"eval", "lenet5", "--weights", weights}), status, words);
  };
  refused(folder / "missing", "No such file");
  refused(folder.write("text", "not a weights file at all"), "not a safetensors file");
  REQUIRE(run_korrel({"train", "lenet5", "--limit", "64", "--epochs", "1", "--out", folder / "a"}).status == 0);
  std::string whole = read_bytes(folder / "a/model.safetensors");
  refused(folder.write("cut", whole.substr(0, whole.size() / 2)), "data_offsets");
  SafetensorsFile file = load_safetensors(folder / "a/model.safetensors");
  NamedTensors fewer(file.tensors.begin() + 1, file.tensors.end());
  save_safetensors(folder / "fewer", fewer);
  refused(folder / "fewer", "conv1.weight");
  NamedTensors wrong = file.tensors;
  wrong[0].second = file.at("fc3.bias");
  save_safetensors(folder / "wrong", wrong);
  refused(folder / "wrong", "conv1.weight");
  check_refused(run_korrel({"eval", "--weights", folder / "fewer"}), 2, "does not say which model");
}

TEST_CASE("help, version and list") {
  Ended help = run_korrel({"train", "--help"});
  CHECK(help.status == 0);
  for (const char* option :
       {"--data", "--epochs", "--optimizer", "--lr", "--seed", "--out", "--augment", "--label-smoothing", "--schedule",
        "--ema", "--mixup", "--weight-decay", "--momentum", "--nesterov", "--hold-out", "--resume"})
    CHECK(contains(help.out, option));
  Ended version = run_korrel({"--version"});
  CHECK(version.status == 0);
  CHECK(version.out.starts_with("korrel "));
  for (const char* word : {"SIMD ", "BLAS ", "threads"}) CHECK(contains(version.out, word));
  Ended summary = run_korrel({"summary", "lenet5", "--input", "1x28x28"});
  CHECK(summary.status == 0);
  for (const char* word : {"conv2", "16x10x10", "14x14", "61,706", "416,520"}) CHECK(contains(summary.out, word));
  for (const char* input : {"28", "1x28x", "x", "1x0x28", "1x28x28x99999999", "ax28x28"})
    check_refused(run_korrel({"summary", "lenet5", "--input", input}), 2, "28");
  check_refused(run_korrel({"summary", "lenet6"}), 2, "lenet6");
  Ended list = run_korrel({"list"});
  CHECK(list.status == 0);
  for (const char* name : {"lenet5", "digits", "fashion-mnist", "cifar10"}) CHECK(contains(list.out, name));
}
