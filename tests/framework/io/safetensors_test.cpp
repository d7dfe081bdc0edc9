// Round trips in every dtype, the bytes of the file itself, widening of narrow dtypes, and every rule of the official
// reader broken once.
#include <doctest/doctest.h>
#include <korrel/framework/base/allocator.h>
#include <korrel/framework/base/error.h>
#include <korrel/framework/io/safetensors.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/framework/tensor/random.h>
#include <tests/temporary_folder.h>

#include <cmath>
#include <cstring>
#include <limits>

using namespace korrel;

namespace {

// A file of that header and data.
std::string file_of(const std::string& header, const std::string& data = {}) {
  uint64_t length = header.size();
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, 8);
  return bytes + header + data;
}

template <class T>
std::string bytes_of(std::initializer_list<T> values) {
  return {reinterpret_cast<const char*>(values.begin()), values.size() * sizeof(T)};
}

std::string refusal(const std::string& bytes) {
  static TemporaryFolder folder;
  std::string path = folder.write("x.safetensors", bytes);
  std::string said = message_of<IoError>([&] { load_safetensors(path); });
  CHECK(contains(said, path));
  return said;
}

Tensor load_one(const std::string& bytes) {
  TemporaryFolder folder;
  return load_safetensors(folder.write("x.safetensors", bytes)).at("a");
}

}  // namespace

TEST_CASE("every dtype, scalars and empty tensors come back with the same bits, order and metadata") {
  TemporaryFolder folder;
  Generator generator(3);
  Tensor flags = make_tensor({3}, boolean);
  flags.data<bool>()[0] = flags.data<bool>()[2] = true;
  flags.data<bool>()[1] = false;
  NamedTensors out = {{"bytes", from_vector<uint8_t>({1, 2, 255})},
                      {"conv1.weight", randn({6, 1, 5, 5}, {}, generator)},
                      {"flags", flags},
                      {"labels", from_vector<int64_t>({-1, std::numeric_limits<int64_t>::max()})},
                      {"double", randn({2, 3}, {.dtype = f64}, generator)},
                      {"scalar", scalar(std::nan(""), f32)},
                      {"empty", zeros({0, 4})},
                      {"Ünïcödé \"quoted\"\n", zeros({1})}};
  std::string path = folder / "all.safetensors";
  save_safetensors(path, out, {{"model", "lenet5"}, {"note", "ä"}});
  CHECK(folder.files() == 1);
  SafetensorsFile in = load_safetensors(path);
  CHECK(in.metadata == Metadata{{"model", "lenet5"}, {"note", "ä"}});
  REQUIRE(in.tensors.size() == out.size());
  for (std::size_t i = 0; i < out.size(); ++i) {
    CAPTURE(out[i].first);
    const Tensor &a = out[i].second, &b = in.tensors[i].second;
    CHECK(in.tensors[i].first == out[i].first);
    CHECK(a.dtype() == b.dtype());
    CHECK(a.shape() == b.shape());
    CHECK(std::memcmp(a.raw_data(), b.raw_data(), static_cast<std::size_t>(a.numel()) * size_of(a.dtype())) == 0);
  }
  CHECK(in.contains("labels"));
  CHECK_FALSE(in.contains("label"));
  CHECK(contains(message_of<ValueError>([&] { in.at("label"); }), "'label'; there are: bytes, conv1.weight"));
}

TEST_CASE("a file of PyTorch's tensors: every dtype, a scalar, an empty one, narrow floats widened") {
  SafetensorsFile file =
      load_safetensors(KORREL_SOURCE_DIR "/tests/framework/io/fixtures/torch.safetensors");  // make.py
  using Values = std::vector<double>;
  CHECK(file.metadata == Metadata{{"format", "pt"}});
  CHECK(file.tensors.size() == 8);
  CHECK(file.at("fc.weight").shape() == Shape{2, 3});
  CHECK(file.at("fc.weight").to_vector<float>() ==
        std::vector<float>{-1, -0.6f, -0x1.999998p-3f, 0x1.999998p-3f, 0.6f, 1});
  CHECK(file.at("fc.bias").dtype() == f64);
  CHECK(file.at("fc.bias").to_vector() == Values{0.1, 1e-300});
  CHECK(file.at("steps").shape() == Shape{});
  CHECK(file.at("steps").item<int64_t>() == -(int64_t{1} << 40));
  CHECK(file.at("pixels").dtype() == u8);
  CHECK(file.at("pixels").to_vector() == Values{0, 127, 255});
  CHECK(file.at("mask").dtype() == boolean);
  CHECK(file.at("mask").to_vector() == Values{1, 0, 1});
  CHECK(file.at("half").dtype() == f32);
  CHECK(file.at("half").to_vector() == Values{1.5, -65504, 0x1p-24, 0x1.554p-2});
  CHECK(file.at("brain").to_vector() == Values{1.5, -0x1.c4p+127, 0x1p-133, 0x1.56p-2});
  CHECK(file.at("empty").shape() == Shape{0, 4});
}

TEST_CASE("the bytes are those of the format: length, padded JSON, aligned little-endian data") {
  TemporaryFolder folder;
  std::string path = folder / "x.safetensors";
  save_safetensors(path, {{"b", from_vector<uint8_t>({7})}, {"a", tensor({1, 2})}}, {{"k", "v"}});
  std::string json = R"({"__metadata__":{"k":"v"},"b":{"dtype":"U8","shape":[1],"data_offsets":[8,9]},)"
                     R"("a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
  json.resize((json.size() + 7) / 8 * 8, ' ');
  CHECK(read_bytes(path) == file_of(json, bytes_of<float>({1, 2}) + "\x07"));
}

TEST_CASE("a strided tensor is stored in row-major order") {
  TemporaryFolder folder;
  save_safetensors(folder / "x", {{"a", tensor({{1, 2, 3}, {4, 5, 6}}).t()}});
  CHECK(load_safetensors(folder / "x").at("a").to_vector() == std::vector<double>{1, 4, 2, 5, 3, 6});
}

TEST_CASE("narrow floats and other integers are widened") {
  auto file = [](const std::string& dtype, int n, const std::string& data) {
    return file_of("{\"a\":{\"dtype\":\"" + dtype + "\",\"shape\":[" + std::to_string(n) + "],\"data_offsets\":[0," +
                       std::to_string(data.size()) + "]}}",
                   data);
  };
  // f16: 1, -2, largest, smallest subnormal, smallest normal, -0, infinity, NaN
  Tensor half =
      load_one(file("F16", 8, bytes_of<uint16_t>({0x3c00, 0xc000, 0x7bff, 1, 0x0400, 0x8000, 0x7c00, 0x7e00})));
  CHECK(half.dtype() == f32);
  std::vector<double> values = half.to_vector();
  CHECK(std::vector<double>(values.begin(), values.begin() + 5) == std::vector<double>{1, -2, 65504, 0x1p-24, 0x1p-14});
  CHECK(std::signbit(values[5]));
  CHECK(std::isinf(values[6]));
  CHECK(std::isnan(values[7]));
  CHECK(load_one(file("BF16", 3, bytes_of<uint16_t>({0x3f80, 0xc0a0, 0x7f80}))).to_vector() ==
        std::vector<double>{1, -5, INFINITY});
  using Numbers = std::vector<int64_t>;
  CHECK(load_one(file("I8", 2, bytes_of<int8_t>({-128, 127}))).to_vector<int64_t>() == Numbers{-128, 127});
  CHECK(load_one(file("I16", 2, bytes_of<int16_t>({-300, 300}))).to_vector<int64_t>() == Numbers{-300, 300});
  CHECK(load_one(file("U16", 1, bytes_of<uint16_t>({65535}))).to_vector<int64_t>() == Numbers{65535});
  CHECK(load_one(file("I32", 2, bytes_of<int32_t>({-70000, 70000}))).to_vector<int64_t>() == Numbers{-70000, 70000});
  CHECK(load_one(file("U32", 1, bytes_of<uint32_t>({4294967295u}))).to_vector<int64_t>() == Numbers{4294967295});
  CHECK(load_one(file("U64", 1, bytes_of<uint64_t>({uint64_t{1} << 62}))).to_vector<int64_t>() ==
        Numbers{int64_t{1} << 62});
  CHECK(contains(refusal(file("U64", 1, bytes_of<uint64_t>({uint64_t{1} << 63}))), "9223372036854775808, past i64"));
  CHECK(load_one(file("BOOL", 3, std::string("\0\1\2", 3))).to_vector<int64_t>() == Numbers{0, 1, 1});
  CHECK(contains(refusal(file("F8_E4M3", 1, "x")), "dtype 'F8_E4M3'"));
}

TEST_CASE("hostile files: each rule of the format broken once") {
  CHECK(contains(refusal(""), "0 bytes"));
  CHECK(contains(refusal("1234567"), "7 bytes"));
  CHECK(contains(refusal(std::string(8, '\xff')), "18446744073709551615"));
  CHECK(contains(refusal(bytes_of<uint64_t>({100'000'001}) + "{}"), "100000001"));
  CHECK(contains(refusal(bytes_of<uint64_t>({99'000'000}) + "{}"), "truncated"));
  CHECK(contains(refusal(file_of("")), "begin with '{'"));
  CHECK(contains(refusal(file_of(" {}")), "begin with '{'"));
  CHECK(contains(refusal(file_of("[]")), "begin with '{'"));
  CHECK(contains(refusal(file_of("{")), "not valid JSON"));
  CHECK(contains(refusal(file_of("{}x")), "not valid JSON"));
  CHECK(contains(refusal(file_of("{\"\xff\":1}")), "not valid JSON"));
  CHECK(contains(refusal(file_of(R"({"a":1})")), "'a' is a number"));
  CHECK(contains(refusal(file_of(R"({"a":[]})")), "'a' is a list"));
  CHECK(contains(refusal(file_of(R"({"a":null})")), "'a' is null"));
  CHECK(contains(refusal(file_of(R"({"__metadata__":{"k":1}})")), "'k' is a number, not a string"));
  CHECK(contains(refusal(file_of(R"({"__metadata__":{"k":{}}})")), "not a string"));
  CHECK(contains(refusal(file_of(R"({"a":{}})")), "'a' has no dtype"));
  CHECK(contains(refusal(file_of(R"({"a":{"dtype":"F32","shape":[]}})")), "no data_offsets"));
  CHECK(contains(refusal(file_of(R"({"a":{"dtype":7}})")), "dtype is or holds a number"));
  CHECK(contains(refusal(file_of(R"({"a":{"shape":[-1]}})")), "shape is or holds a negative number"));
  CHECK(contains(refusal(file_of(R"({"a":{"shape":[1.5]}})")), "shape is or holds a fraction"));
  CHECK(contains(refusal(file_of(R"({"a":{"shape":[[1]]}})")), "shape is or holds a list"));
  CHECK(contains(refusal(file_of(R"({"a":{"shape":[9223372036854775808]}})")), "past 2^63"));
  CHECK(contains(refusal(file_of(R"({"a":{"shape":[99999999999999999999999]}})")), "past 2^64"));
  CHECK(contains(refusal(file_of(R"({"a":{"shape":[1,1,1,1,1,1,1,1,1]}})")), "more than 8"));
  CHECK(contains(refusal(file_of(R"({"a":{"data_offsets":[0]}})")), "needs 2 numbers, has 1"));
  CHECK(contains(refusal(file_of(R"({"a":{"data_offsets":[0,1,2]}})")), "needs 2 numbers, has 3"));

  auto one = [](const std::string& shape, const std::string& offsets) {
    return R"({"a":{"dtype":"F32","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}}";
  };
  CHECK(contains(refusal(file_of(one("[1]", "[0,5]"), "12345")), "needs 4 bytes"));
  CHECK(contains(refusal(file_of(one("[2]", "[0,4]"), "1234")), "needs 8 bytes"));
  CHECK(contains(refusal(file_of(one("[1]", "[0,4]"), "123")), "the file holds 3 bytes"));
  CHECK(contains(refusal(file_of(one("[1]", "[4,0]"), "1234")), "[4, 0]"));
  CHECK(contains(refusal(file_of(one("[1]", "[0,9223372036854775807]"), "1234")), "data_offsets"));
  CHECK(contains(refusal(file_of(one("[4611686018427387904]", "[0,4]"), "1234")), "more than 2^63 bytes"));
  CHECK(contains(refusal(file_of(one("[4294967296,4294967296]", "[0,4]"), "1234")), "more than 2^63 bytes"));
  CHECK(contains(refusal(file_of(one("[0,4611686018427387904,4]", "[0,0]"))), "more than 2^63 bytes"));
  CHECK(contains(refusal(file_of(one("[1]", "[0,4]"), "12345")), "end at byte 4 of the data, the file holds 5"));
  CHECK(contains(refusal(file_of(one("[1]", "[1,5]"), "12345")), "leaving a gap after byte 0"));
  CHECK(contains(refusal(file_of("{}", "1")), "end at byte 0"));
}

TEST_CASE("hostile files: overlap, gaps and names that occur twice") {
  auto two = [](const std::string& a, const std::string& b, const std::string& name = "b") {
    return R"({"a":{"dtype":"U8","shape":[4],"data_offsets":)" + a + R"(},")" + name +
           R"(":{"dtype":"U8","shape":[4],"data_offsets":)" + b + "}}";
  };
  CHECK(contains(refusal(file_of(two("[0,4]", "[2,6]"), "123456")),
                 "'b' begins at byte 2 of the data, overlapping byte 4"));
  CHECK(contains(refusal(file_of(two("[0,4]", "[0,4]"), "1234")), "overlapping"));
  CHECK(contains(refusal(file_of(two("[0,4]", "[5,9]"), "123456789")), "leaving a gap after byte 4"));
  CHECK(contains(refusal(file_of(two("[0,4]", "[4,8]", "a"), "12345678")), "names 'a' twice"));
  CHECK(contains(refusal(file_of(R"({"__metadata__":{"k":"1","k":"2"}})")), "names 'k' twice"));
  CHECK(contains(refusal(file_of(R"({"a":{"dtype":"U8","dtype":"F32"}})")), "names 'dtype' twice in a"));
}

TEST_CASE("a deeply nested or long header costs neither stack nor memory") {
  memory::reset_peak();
  int64_t before = memory::statistics().peak_bytes_in_use;
  std::string deep = "{\"a\":" + std::string(2'000'000, '[');
  CHECK(contains(refusal(file_of(deep)), "is a list"));
  std::string objects = "{";
  for (int i = 0; i < 100'000; ++i) objects += "\"a\":{";
  CHECK(contains(refusal(file_of(objects)), "is or holds an object"));
  CHECK(memory::statistics().peak_bytes_in_use - before < 1'000'000);
}

TEST_CASE("fields that later versions may add are passed over") {
  CHECK(load_one(file_of(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"checksum":"abc","level":3}})", "\x05"))
            .item() == 5);
  TemporaryFolder folder;
  CHECK(load_safetensors(folder.write("none", file_of("{}      "))).tensors.empty());
}

TEST_CASE("what cannot be saved is refused, and the old file stays") {
  TemporaryFolder folder;
  std::string path = folder.write("x", "old");
  auto refused = [&](const NamedTensors& tensors) {
    return message_of<ValueError>([&] { save_safetensors(path, tensors); });
  };
  CHECK(contains(refused({{"a", zeros({1})}, {"a", zeros({1})}}), "two tensors are called 'a'"));
  CHECK(contains(refused({{"__metadata__", zeros({1})}}), "__metadata__"));
  CHECK(contains(refused({{"a", Tensor()}}), "'a' is undefined"));
  CHECK(contains(refused({{"\xff", zeros({1})}}), "UTF-8"));
  CHECK(contains(message_of<IoError>([&] { save_safetensors(folder / "no/folder", {}); }), "No such file"));
  CHECK(read_bytes(path) == "old");
  CHECK(folder.files() == 1);
}
