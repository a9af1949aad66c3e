import type { OptimizerDescriptor } from "../descriptor.js";
import type { Launcher, LaunchGroup } from "../device.js";
import { HostDevice } from "../host/device.js";
import { HostLauncher } from "./launcher.js";

/** Runs the readable TypeScript kernels. */
export class TypeScriptDevice extends HostDevice {
  readonly kind = "typescript";
  readonly description = "TypeScript reference kernels";

  protected launcher(descriptor: OptimizerDescriptor, work: readonly LaunchGroup[]): Launcher {
    return new HostLauncher(descriptor, work);
  }
}
