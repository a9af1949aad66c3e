import { testRandomSpecs } from "./random-specs.js";
import { twoMoments } from "./rules.js";

testRandomSpecs("rules of two moments", twoMoments, 50, 1000);
