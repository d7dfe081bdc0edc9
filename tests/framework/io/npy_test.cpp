// NumPy's own files are read, what is written has the bytes that NumPy reads, and damaged files are refused.
#include <doctest/doctest.h>
#include <korrel/framework/base/allocator.h>
#include <korrel/framework/base/error.h>
#include <korrel/framework/io/npy.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/framework/tensor/random.h>
#include <tests/temporary_folder.h>

#include <cmath>
#include <cstring>

using namespace korrel;

namespace {

std::string fixture(const std::string& name) {
  return KORREL_SOURCE_DIR "/tests/framework/io/fixtures/" + name;
}  // by make.py

void check_same(const Tensor& a, const Tensor& b) {
  CHECK(a.dtype() == b.dtype());
  CHECK(a.shape() == b.shape());
  CHECK(std::memcmp(a.contiguous().raw_data(), b.contiguous().raw_data(),
                    static_cast<std::size_t>(a.numel()) * size_of(a.dtype())) == 0);
}

std::string npy_of(const std::string& dict, const std::string& data, char major = 1) {
  std::string bytes =
      std::string("\x93NUMPY") + major + '\0' + static_cast<char>(dict.size()) + static_cast<char>(dict.size() >> 8);
  if (major > 1) bytes += std::string(2, '\0');
  return bytes + dict + data;
}

std::string refusal(const std::string& bytes, const std::string& name = "x.npy") {
  static TemporaryFolder folder;
  std::string path = folder.write(name, bytes);
  std::string said = message_of<IoError>([&] {
    if (name == "x.npy") {
      load_npy(path);
    } else {
      load_npz(path);
    }
  });
  CHECK(contains(said, path));
  return said;
}

NamedTensors samples() {
  Generator generator(1);
  Tensor flags = make_tensor({3}, boolean);
  for (int i = 0; i < 3; ++i) flags.data<bool>()[i] = i != 1;
  return {{"weight", randn({4, 3, 2}, {}, generator)},
          {"bias", randn({5}, {.dtype = f64}, generator)},
          {"labels", from_vector<int64_t>({-1, 2, INT64_MAX})},
          {"pixels", from_vector<uint8_t>({0, 255})},
          {"flags", flags},
          {"scalar", scalar(2.5)},
          {"nothing", zeros({0, 7})},
          {"strided", randn({3, 4}, {}, generator).t()}};
}

}  // namespace

TEST_CASE("files that NumPy wrote") {
  using Values = std::vector<double>;
  CHECK(load_npy(fixture("f4.npy")).to_vector() == Values{0, .25, .5, .75, 1, 1.25});
  CHECK(load_npy(fixture("f4.npy")).shape() == Shape{2, 3});
  Tensor fortran = load_npy(fixture("fortran_f8.npy"));
  CHECK(fortran.is_contiguous());
  CHECK(fortran.to_vector() == Values{0, .125, .25, .375, .5, .625});
  Tensor swapped = load_npy(fixture("big_endian_i4.npy"));
  CHECK(swapped.dtype() == i64);
  CHECK(swapped.to_vector() == Values{-2000, -1000, 0, 1000, 2000, 3000});
  CHECK(load_npy(fixture("f2.npy")).to_vector() == Values{1, -2.5, INFINITY});
  CHECK(load_npy(fixture("scalar_bool.npy")).shape() == Shape{});
  CHECK(load_npy(fixture("scalar_bool.npy")).dtype() == boolean);
  CHECK(load_npy(fixture("empty_i8.npy")).shape() == Shape{0, 4});
  for (const char* name : {"stored.npz", "packed.npz"}) {
    NamedTensors arrays = load_npz(fixture(name));
    REQUIRE(arrays.size() == 3);
    CHECK(arrays[0].first == "x");
    CHECK(arrays[0].second.to_vector() == Values{0, .25, .5, .75, 1, 1.25});
    CHECK(arrays[1].first == "deep/y");
    CHECK(arrays[1].second.to_vector() == Values{0, 1, 2, 3, 4, 5});
    CHECK(arrays[2].second.dtype() == u8);
    CHECK(arrays[2].second.to_vector()[199] == 199);
  }
}

TEST_CASE("what NumPy would write is written byte for byte") {
  TemporaryFolder folder;
  save_npy(folder / "x.npy", load_npy(fixture("f4.npy")));
  CHECK(read_bytes(folder / "x.npy") == read_bytes(fixture("f4.npy")));
  save_npy(folder / "x.npy", load_npy(fixture("scalar_bool.npy")));
  CHECK(read_bytes(folder / "x.npy") == read_bytes(fixture("scalar_bool.npy")));
  save_npy(folder / "x.npy", load_npy(fixture("empty_i8.npy")));
  CHECK(read_bytes(folder / "x.npy") == read_bytes(fixture("empty_i8.npy")));
}

TEST_CASE("every dtype comes back with the same bits") {
  TemporaryFolder folder;
  for (const auto& [name, tensor] : samples()) {
    CAPTURE(name);
    save_npy(folder / "x.npy", tensor);
    check_same(load_npy(folder / "x.npy"), tensor);
  }
  for (bool compress : {false, true}) {
    save_npz(folder / "x.npz", samples(), {.compress = compress});
    NamedTensors in = load_npz(folder / "x.npz"), out = samples();
    REQUIRE(in.size() == out.size());
    for (std::size_t i = 0; i < in.size(); ++i) {
      CHECK(in[i].first == out[i].first);
      check_same(in[i].second, out[i].second);
    }
  }
  save_npz(folder / "none.npz", {});
  CHECK(load_npz(folder / "none.npz").empty());
}

TEST_CASE("compression makes large repetitive arrays small") {
  TemporaryFolder folder;
  save_npz(folder / "x.npz", {{"zeros", zeros({100, 1000})}});
  CHECK(read_bytes(folder / "x.npz").size() < 2000);
  check_same(load_npz(folder / "x.npz")[0].second, zeros({100, 1000}));
}

TEST_CASE("npy: each rule broken once") {
  auto dict = [](const std::string& descr, const std::string& shape, const std::string& order = "False") {
    return "{'descr': " + descr + ", 'fortran_order': " + order + ", 'shape': " + shape + ", }";
  };
  std::string four(4, 'x');
  CHECK(load_npy([&] {
          static TemporaryFolder folder;
          return folder.write("ok", npy_of(R"({"shape":(1,),"fortran_order":False,"descr":"<f4"})", four, 3));
        }())
            .numel() == 1);
  CHECK(contains(refusal(""), "0 bytes"));
  CHECK(contains(refusal("not a numpy file"), "does not begin"));
  CHECK(contains(refusal(npy_of(dict("'<f4'", "(1,)"), four, 4)), "version 4"));
  CHECK(contains(refusal(npy_of(dict("'<f4'", "(1,)"), four).substr(0, 40)), "npy header would have"));
  CHECK(contains(refusal(npy_of(dict("'<f4'", "(2,)"), four)), "shape [2] needs 8 bytes, 4 are there"));
  CHECK(contains(refusal(npy_of(dict("'<f4'", "(1,)"), four + "x")), "needs 4 bytes, 5 are there"));
  CHECK(contains(refusal(npy_of(dict("'<f4'", "(4611686018427387904,)"), four)), "more than 2^63 bytes"));
  CHECK(contains(refusal(npy_of(dict("'<f4'", "(99999999999999999999,)"), four)), "past 2^63"));
  CHECK(contains(refusal(npy_of(dict("'<f4'", "(0, 4611686018427387904, 4)"), "")), "more than 2^63 bytes"));
  CHECK(contains(refusal(npy_of(dict("'<f4'", "(-1,)"), four)), "no number"));
  CHECK(contains(refusal(npy_of(dict("'<f4'", "(1,1,1,1,1,1,1,1,1)"), four)), "more than 8 dimensions"));
  CHECK(contains(refusal(npy_of(dict("'<c8'", "(1,)"), four)), "dtype '<c8'"));
  CHECK(contains(refusal(npy_of(dict("'|O'", "(1,)"), four)), "dtype '|O'"));
  CHECK(contains(refusal(npy_of(dict("''", "(1,)"), four)), "dtype ''"));
  CHECK(contains(refusal(npy_of(dict("[('a', '<f4')]", "(1,)"), four)), "records"));
  CHECK(contains(refusal(npy_of(dict("'<f4'", "(1,)", "Maybe"), four)), "fortran_order"));
  CHECK(contains(refusal(npy_of("{'descr': '<f4'}", four)), "lacks"));
  CHECK(contains(refusal(npy_of("{'descr': '<f4', 'descr': '<f4'}", four)), "repeated 'descr'"));
  CHECK(contains(refusal(npy_of("{'other': 1}", four)), "unexpected"));
  CHECK(contains(refusal(npy_of(dict("'<f4'", "(1,)") + "x", four)), "goes on"));
  CHECK(contains(refusal(npy_of("{'descr': '<f4", four)), "not the dict"));
  CHECK(contains(refusal(npy_of("", four)), "not the dict"));
}

TEST_CASE("npz: damaged archives") {
  auto refused = [](const std::string& bytes) { return refusal(bytes, "x.npz"); };
  std::string packed = read_bytes(fixture("packed.npz")), stored = read_bytes(fixture("stored.npz"));
  CHECK(contains(refused(""), "no end record"));
  CHECK(contains(refused("PK\3\4 is not enough"), "no end record"));
  CHECK(contains(refused(packed.substr(0, packed.size() - 5)), "no end record"));
  std::string wrong_data = stored;
  wrong_data[200] ^= 1;
  CHECK(contains(refused(wrong_data), "checksum"));
  std::string encrypted = packed;
  encrypted[packed.rfind("PK\1\2") + 8] |= 1;
  CHECK(contains(refused(encrypted), "encrypted"));
  std::string method = packed;
  method[packed.rfind("PK\1\2") + 10] = 12;
  CHECK(contains(refused(method), "method 12"));
  std::string other = stored;
  for (std::size_t i = other.find("x.npy"); i != std::string::npos; i = other.find("x.npy", i + 1)) other[i + 4] = 'z';
  CHECK(contains(refused(other), "not an .npy file"));
  CHECK(contains(refused(read_bytes(KORREL_SOURCE_DIR "/tests/fuzz/corpus/npz/one_member_listed_500_times")),
                 "members lie upon each other"));
  // Every byte changed and every length cut: refused or, where it does not matter (dates), read; never a crash.
  memory::reset_peak();
  int64_t before = memory::statistics().peak_bytes_in_use;
  TemporaryFolder folder;
  for (const std::string& good : {packed, stored}) {
    for (std::size_t i = 0; i < good.size(); ++i) {
      for (int change : {1, 0x80, 0xff}) {
        std::string bytes = good;
        bytes[i] = static_cast<char>(bytes[i] ^ change);
        message_of<IoError>([&] { load_npz(folder.write("x", bytes)); });
      }
      CHECK(contains(message_of<IoError>([&] { load_npz(folder.write("x", good.substr(0, i))); }), folder / "x"));
    }
  }
  CHECK(memory::statistics().peak_bytes_in_use - before < 10'000'000);
}

TEST_CASE("what cannot be saved is refused, and the old file stays") {
  TemporaryFolder folder;
  std::string path = folder.write("x", "old");
  CHECK(contains(message_of<ValueError>([&] { save_npy(path, {}); }), "undefined"));
  CHECK(contains(message_of<ValueError>([&] { save_npz(path, {{"a", Tensor()}}); }), "'a' is undefined"));
  CHECK(contains(message_of<ValueError>([&] {
                   save_npz(path, {{"a", zeros({1})}, {"a", zeros({1})}});
                 }),
                 "two tensors"));
  CHECK(contains(message_of<ValueError>([&] { save_npz(path, {{"", zeros({1})}}); }), "name"));
  CHECK(contains(message_of<IoError>([&] { save_npz(folder / "no/x", {}); }), "No such file"));
  CHECK(read_bytes(path) == "old");
  CHECK(folder.files() == 1);
}
