// SmallVector<T, N>: a vector whose first N elements live in place; lists of inputs and gradients are nearly always
// short, and a graph node must cost no allocation beyond itself.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <new>
#include <utility>

namespace korrel {

template <class T, std::size_t N>
class SmallVector {
 public:
  SmallVector() = default;
  SmallVector(std::initializer_list<T> values) {
    reserve(values.size());
    for (const T& value : values) push_back(value);
  }
  SmallVector(const SmallVector& other) {
    reserve(other.size_);
    for (const T& value : other) push_back(value);
  }
  SmallVector(SmallVector&& other) noexcept { take(other); }
  SmallVector& operator=(const SmallVector& other) {
    if (this != &other) *this = SmallVector(other);
    return *this;
  }
  SmallVector& operator=(SmallVector&& other) noexcept {
    if (this != &other) {
      free_all();
      take(other);
    }
    return *this;
  }
  ~SmallVector() { free_all(); }

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T& operator[](std::size_t i) { return data_[i]; }
  const T& operator[](std::size_t i) const { return data_[i]; }
  T* begin() { return data_; }
  T* end() { return data_ + size_; }
  const T* begin() const { return data_; }
  const T* end() const { return data_ + size_; }
  T& back() { return data_[size_ - 1]; }

  void push_back(T value) {
    if (size_ == capacity_) reserve(2 * capacity_);
    new (data_ + size_) T(std::move(value));
    ++size_;
  }
  void pop_back() { data_[--size_].~T(); }
  void clear() {
    while (size_) pop_back();
  }
  void resize(std::size_t size) {
    reserve(size);
    while (size_ > size) pop_back();
    while (size_ < size) push_back(T());
  }
  void reserve(std::size_t capacity) {
    if (capacity <= capacity_) return;
    T* data = static_cast<T*>(::operator new(capacity * sizeof(T), std::align_val_t(alignof(T))));
    for (std::size_t i = 0; i < size_; ++i) {
      new (data + i) T(std::move(data_[i]));
      data_[i].~T();
    }
    if (!in_place()) ::operator delete(data_, std::align_val_t(alignof(T)));
    data_ = data;
    capacity_ = capacity;
  }

 private:
  bool in_place() const { return static_cast<const void*>(data_) == static_cast<const void*>(storage_); }
  void free_all() {
    clear();
    if (!in_place()) ::operator delete(data_, std::align_val_t(alignof(T)));
    data_ = reinterpret_cast<T*>(storage_);
    capacity_ = N;
  }
  void take(SmallVector& other) {  // this is empty and in place
    if (other.in_place()) {
      for (T& value : other) push_back(std::move(value));
      other.clear();
    } else {
      data_ = std::exchange(other.data_, reinterpret_cast<T*>(other.storage_));
      size_ = std::exchange(other.size_, 0);
      capacity_ = std::exchange(other.capacity_, N);
    }
  }

  alignas(T) std::byte storage_[N * sizeof(T)];
  T* data_ = reinterpret_cast<T*>(storage_);
  std::size_t size_ = 0;
  std::size_t capacity_ = N;
};

}  // namespace korrel
