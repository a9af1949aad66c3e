import { testRandomSpecs } from "./random-specs.js";
import { twoMoments } from "./rules.js";

testRandomSpecs("rules of two moments", twoMoments, 60, 1000);
