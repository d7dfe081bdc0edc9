#include <doctest/doctest.h>

#include <korrel/framework/io/safetensors.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/layers/batch_norm.h>
#include <korrel/layers/containers.h>
#include <korrel/layers/convolution.h>
#include <korrel/layers/linear.h>
#include <korrel/layers/save.h>
#include <tests/temporary_folder.h>

using namespace korrel;

TEST_CASE("weights and buffers go to a file and come back, bit by bit; a file that does not fit changes nothing") {
  TemporaryFolder folder;
  std::string path = folder.path() + "/net.safetensors";
  nn::Sequential net{nn::Conv2d(1, 2, 3), nn::BatchNorm2d(2)}, other{nn::Conv2d(1, 2, 3), nn::BatchNorm2d(2)};
  nn::save(net, path);
  SafetensorsFile file = load_safetensors(path);
  CHECK(file.tensors.size() == 7);
  CHECK(file.at("1.num_batches_tracked").dtype() == i64);
  nn::load(other, path);
  for (std::size_t i = 0; i < 7; ++i)
    CHECK(net.state_dict()[i].second.to_vector() == other.state_dict()[i].second.to_vector());

  nn::Sequential wrong{nn::Conv2d(1, 4, 3)};
  std::vector<double> before = wrong.parameters()[0].to_vector();
  std::string message = message_of<ValueError>([&] { nn::load(wrong, path); });
  CHECK(message.starts_with(path + ": load_state_dict of Sequential: unexpected keys: 1."));
  CHECK(message.find("0.weight is [4,1,3,3] in the module and [2,1,3,3] in the dictionary") != std::string::npos);
  CHECK(wrong.parameters()[0].to_vector() == before);
  CHECK(message_of<IoError>([&] { nn::load(net, folder.path() + "/none.safetensors"); }).find("none.safetensors") !=
        std::string::npos);
}
