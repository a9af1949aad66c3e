import { testRandomSpecs } from "./random-specs.js";
import { wholeTensors } from "./rules.js";

testRandomSpecs("rules that reduce", wholeTensors, 60, 1000);
