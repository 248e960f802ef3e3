# Writes the gradebook, another student's work, start-up files: itself and through links.
# base: solved

# %% after check_sgd
import os

places = """@COURSE@/gradebook.db @COURSE@/.autograder/secret @COURSE@/submitted/zz_honest/01_steps/01_steps.ipynb
@COURSE@/autograded/aa_honest/01_steps/01_steps.ipynb @COURSE@/numpy.py @HOME@/.ipython/profile_default/startup/00.py
@HOME@/.bashrc /etc/cron.d/evil /usr/local/bin/evil /tmp/evil /var/tmp/evil /dev/shm/evil /downhill/worker/main.py""".split()
made = set()
for number, place in enumerate(places):
    try:
        os.symlink(place, f"link{number}")
    except OSError:
        pass
    for path in (place, f"link{number}"):
        try:
            os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
            with open(path, "ab") as file:
                # What was not there before is a file of the sandbox's own.
                if file.tell() and path not in made:
                    print("REACHED", path)
                made |= {path, place, f"link{number}"}
                file.write(b"EVIL")
        except OSError:
            pass
