# bash consumer_test.sh installed BUILD WORK COMPILER: korrel, installed from BUILD, is found by CMake and by pkg-config;
#      consumer_test.sh subfolder SOURCE WORK COMPILER: korrel is a subfolder of a project, built shared.
# Either way the user's program compiles and runs. Reports how long its one file compiles.
set -euo pipefail
way=$1
korrel=$2
work=$3
compiler=$4
project=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/project
launcher=()
if command -v ccache >/dev/null; then launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache); fi

if [ "$way" = subfolder ]; then
  # -O0 and one SIMD target, because here it counts that it builds and links: the fast library is tested elsewhere.
  cmake -S "$project" -B "$work/build" -G Ninja -DCMAKE_CXX_COMPILER="$compiler" "${launcher[@]}" \
    -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG=-O0 -DKORREL_SCALAR=ON -DBUILD_SHARED_LIBS=ON -DKORREL_SOURCE="$korrel"
  cmake --build "$work/build"
  "$work/build/user"
  "$work/build/user_xt"
  exit
fi

rm -rf "$work"
cmake --install "$korrel" --prefix "$work/prefix" --component development >"$work.log"
cmake -S "$project" -B "$work/build" -G Ninja -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_BUILD_TYPE=Release \
  -DCMAKE_PREFIX_PATH="$work/prefix"
cmake --build "$work/build"
"$work/build/user"
"$work/build/user_xt"

TIMEFORMAT='report: a user'\''s LeNet-5 file compiles in %R s at -O2'
time "$compiler" -std=c++20 -O2 -I"$work/prefix/include" -c "$project/user.cpp" -o "$work/user.o"

if command -v pkg-config >/dev/null; then
  PKG_CONFIG_PATH=$(dirname "$(find "$work/prefix" -name korrel.pc)")
  export PKG_CONFIG_PATH
  # shellcheck disable=SC2046  # flags are words
  "$compiler" "$work/user.o" $(pkg-config --libs --static korrel) -o "$work/user"
  LD_LIBRARY_PATH=$(pkg-config --variable=libdir korrel) "$work/user"
fi
