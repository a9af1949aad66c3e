import { testRandomSpecs } from "./random-specs.js";
import { oneMoment } from "./rules.js";

testRandomSpecs("rules of one moment", oneMoment, 60, 1000);
