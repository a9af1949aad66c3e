#include <array>

#include "exports.h"
#include "handles.h"

namespace lowbit::cuda {
namespace {

/** What enqueues: the stream's context made current, after downloads that other threads are at. */
class Enqueue {
 public:
  explicit Enqueue(const Napi::Value& value) : stream_(Unwrap<Stream>(value)), scope_(Ready(*stream_)) {}
  const Driver& driver() const { return stream_->context().driver(); }
  StreamHandle stream() const { return stream_->handle(); }
  const std::shared_ptr<Context>& context() const { return stream_->shared_context(); }

 private:
  static Context& Ready(const Stream& stream) {
    Context& context = stream.context();
    context.AwaitDownloads();
    return context;
  }
  std::shared_ptr<Stream> stream_;
  Context::Scope scope_;
};

Napi::Value CreateStream(const Napi::CallbackInfo& info) {
  const auto context = Unwrap<Context>(info[0]);
  if (info[1].IsUndefined()) return Wrap(info.Env(), std::make_shared<Stream>(context));
  return Wrap(info.Env(), std::make_shared<Stream>(context, reinterpret_cast<StreamHandle>(ToPointer(info[1]))));
}

Napi::Value Fill(const Napi::CallbackInfo& info) {
  const Enqueue at(info[0]);
  CUDA(at.driver(), MemsetD8Async, ToPointer(info[1]), 0, ToSize(info[2]), at.stream());
  return info.Env().Undefined();
}

Napi::Value Copy(const Napi::CallbackInfo& info) {
  const Enqueue at(info[0]);
  CUDA(at.driver(), MemcpyDtoDAsync, ToPointer(info[1]), ToPointer(info[2]), ToSize(info[3]), at.stream());
  return info.Env().Undefined();
}

/** Each argument has 8 bytes; a kernel takes as many of them as its parameter has, lowest first. */
Napi::Value Launch(const Napi::CallbackInfo& info) {
  const Enqueue at(info[0]);
  const auto kernel = Unwrap<Kernel>(info[1]);
  auto arguments = info[4].As<Napi::BigUint64Array>();
  std::array<void*, 8> parameters = {};
  if (arguments.ElementLength() > parameters.size()) throw Napi::RangeError::New(info.Env(), "too many arguments");
  for (size_t i = 0; i < arguments.ElementLength(); i++) parameters[i] = arguments.Data() + i;
  const unsigned blocks = info[2].As<Napi::Number>().Uint32Value();
  const unsigned threads = info[3].As<Napi::Number>().Uint32Value();
  CUDA(at.driver(), LaunchKernel, kernel->handle(), blocks, 1, 1, threads, 1, 1, 0, at.stream(), parameters.data(),
       nullptr);
  return info.Env().Undefined();
}

Napi::Value BeginCapture(const Napi::CallbackInfo& info) {
  const Enqueue at(info[0]);
  CUDA(at.driver(), StreamBeginCapture, at.stream(), kCaptureModeRelaxed);
  return info.Env().Undefined();
}

Napi::Value EndCapture(const Napi::CallbackInfo& info) {
  const Enqueue at(info[0]);
  GraphHandle captured = nullptr;
  CUDA(at.driver(), StreamEndCapture, at.stream(), &captured);
  return Wrap(info.Env(), std::make_shared<Graph>(at.context(), captured));
}

Napi::Value Replay(const Napi::CallbackInfo& info) {
  const Enqueue at(info[0]);
  const auto graph = Unwrap<Graph>(info[1]);
  graph->context();
  CUDA(at.driver(), GraphLaunch, graph->handle(), at.stream());
  return info.Env().Undefined();
}

Napi::Value Record(const Napi::CallbackInfo& info) {
  const Enqueue at(info[0]);
  const auto event = std::make_shared<Event>(at.context(), kEventDefault);
  CUDA(at.driver(), EventRecord, event->handle(), at.stream());
  return Wrap(info.Env(), event);
}

Napi::Value Follow(const Napi::CallbackInfo& info) {
  const Enqueue at(info[0]);
  CUDA(at.driver(), StreamWaitEvent, at.stream(), Unwrap<Event>(info[1])->handle(), 0);
  return info.Env().Undefined();
}

Napi::Value Elapsed(const Napi::CallbackInfo& info) {
  const auto start = Unwrap<Event>(info[0]);
  const auto end = Unwrap<Event>(info[1]);
  const Driver& driver = start->context().driver();
  const Context::Scope scope(end->context());
  float milliseconds = 0;
  CUDA(driver, EventSynchronize, end->handle());
  CUDA(driver, EventElapsedTime, &milliseconds, start->handle(), end->handle());
  return Napi::Number::New(info.Env(), milliseconds);
}

}  // namespace

void ExportStreams(Napi::Env env, Napi::Object cuda) {
  cuda["createStream"] = Napi::Function::New<Guard<CreateStream>>(env);
  cuda["fill"] = Napi::Function::New<Guard<Fill>>(env);
  cuda["copy"] = Napi::Function::New<Guard<Copy>>(env);
  cuda["launch"] = Napi::Function::New<Guard<Launch>>(env);
  cuda["beginCapture"] = Napi::Function::New<Guard<BeginCapture>>(env);
  cuda["endCapture"] = Napi::Function::New<Guard<EndCapture>>(env);
  cuda["replay"] = Napi::Function::New<Guard<Replay>>(env);
  cuda["record"] = Napi::Function::New<Guard<Record>>(env);
  cuda["follow"] = Napi::Function::New<Guard<Follow>>(env);
  cuda["elapsed"] = Napi::Function::New<Guard<Elapsed>>(env);
}

}  // namespace lowbit::cuda
