# base: released
