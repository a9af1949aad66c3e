#include <optional>
#include <vector>

#include "exports.h"
#include "handles.h"

namespace lowbit::cuda {
namespace {

struct HostBytes {
  unsigned char* data;
  size_t bytes;
};

/** One call of Node, where Napi::TypedArray makes five: there may be thousands of arrays. */
HostBytes BytesOf(const Napi::Value& array) {
  napi_typedarray_type type;
  size_t length = 0;
  void* data = nullptr;
  const Napi::Env env = array.Env();
  const napi_status status = napi_get_typedarray_info(env, array, &type, &length, &data, nullptr, nullptr);
  if (status != napi_ok) throw Napi::TypeError::New(env, "not a typed array");
  const size_t size = type == napi_uint16_array ? 2 : type == napi_float32_array || type == napi_uint32_array ? 4 : 1;
  return {static_cast<unsigned char*>(data), length * size};
}

/** Addresses (BigUint64Array), bytes on the device (Float64Array) and typed arrays: one of each a piece. */
std::vector<Piece> PiecesOf(const Napi::CallbackInfo& info) {
  const auto addresses = info[1].As<Napi::BigUint64Array>();
  const auto extents = info[2].As<Napi::Float64Array>();
  const auto arrays = info[3].As<Napi::Array>();
  const uint32_t count = arrays.Length();
  if (addresses.ElementLength() != count || extents.ElementLength() != count)
    throw Napi::RangeError::New(info.Env(), "as many addresses and extents as arrays");
  std::vector<Piece> pieces;
  pieces.reserve(count);
  for (uint32_t i = 0; i < count; i++) {
    const auto [host, bytes] = BytesOf(arrays.Get(i));
    pieces.push_back({addresses[i], static_cast<size_t>(extents[i]), host, bytes});
  }
  return pieces;
}

Napi::Value Upload(const Napi::CallbackInfo& info) {
  const auto stream = Unwrap<Stream>(info[0]);
  const std::vector<Piece> pieces = PiecesOf(info);
  stream->context().AwaitDownloads();
  const Context::Scope scope(stream->context());
  stream->uploads().Write(stream->context().driver(), stream->handle(), pieces);
  return info.Env().Undefined();
}

/** Work on another thread, which settles a promise. */
class Worker : public Napi::AsyncWorker {
 public:
  Worker(Napi::Env env, std::shared_ptr<Stream> stream, Context::Work kind)
      : Napi::AsyncWorker(env), deferred_(Napi::Promise::Deferred::New(env)), stream_(std::move(stream)), kind_(kind) {
    context().Begin(kind_);
  }
  // Also where the worker never ran.
  ~Worker() override { End(); }
  Napi::Promise promise() const { return deferred_.Promise(); }

 protected:
  virtual void Run(const Driver& driver, Stream& stream) = 0;
  void Execute() override {
    try {
      const Context::Scope scope(context());
      Run(context().driver(), *stream_);
    } catch (const Failure& failure) {
      failure_ = failure;
    }
    End();
  }
  void OnOK() override {
    if (failure_) deferred_.Reject(ToError(Env(), *failure_).Value());
    else deferred_.Resolve(Env().Undefined());
  }
  void OnError(const Napi::Error& error) override { deferred_.Reject(error.Value()); }

 private:
  Context& context() const { return *stream_->shared_context(); }
  void End() noexcept {
    if (!is_over_) context().End(kind_);
    is_over_ = true;
  }
  Napi::Promise::Deferred deferred_;
  std::shared_ptr<Stream> stream_;
  Context::Work kind_;
  std::optional<Failure> failure_;
  bool is_over_ = false;
};

class DownloadWorker final : public Worker {
 public:
  DownloadWorker(Napi::Env env, std::shared_ptr<Stream> stream, std::vector<Piece> pieces, const Napi::Object& arrays)
      : Worker(env, std::move(stream), Context::Work::kDownload),
        pieces_(std::move(pieces)),
        arrays_(Napi::Persistent(arrays)) {}

 protected:
  void Run(const Driver& driver, Stream& stream) override { stream.downloads().Read(driver, stream.handle(), pieces_); }

 private:
  std::vector<Piece> pieces_;
  /** What is written to stays where it is. */
  Napi::ObjectReference arrays_;
};

Napi::Value Download(const Napi::CallbackInfo& info) {
  const auto stream = Unwrap<Stream>(info[0]);
  stream->context();
  auto* const work = new DownloadWorker(info.Env(), stream, PiecesOf(info), info[3].As<Napi::Object>());
  work->Queue();
  return work->promise();
}

class SynchronizeWorker final : public Worker {
 public:
  SynchronizeWorker(Napi::Env env, std::shared_ptr<Stream> stream, std::shared_ptr<Event> event)
      : Worker(env, std::move(stream), Context::Work::kOther), event_(std::move(event)) {}

 protected:
  void Run(const Driver& driver, Stream&) override { CUDA(driver, EventSynchronize, event_->handle()); }

 private:
  std::shared_ptr<Event> event_;
};

Napi::Value Synchronize(const Napi::CallbackInfo& info) {
  const auto stream = Unwrap<Stream>(info[0]);
  const Context::Scope scope(stream->context());
  const auto event = std::make_shared<Event>(stream->shared_context(), kEventDisableTiming);
  CUDA(stream->context().driver(), EventRecord, event->handle(), stream->handle());
  auto* const work = new SynchronizeWorker(info.Env(), stream, event);
  work->Queue();
  return work->promise();
}

}  // namespace

void ExportTransfers(Napi::Env env, Napi::Object cuda) {
  cuda["upload"] = Napi::Function::New<Guard<Upload>>(env);
  cuda["download"] = Napi::Function::New<Guard<Download>>(env);
  cuda["synchronize"] = Napi::Function::New<Guard<Synchronize>>(env);
}

}  // namespace lowbit::cuda
