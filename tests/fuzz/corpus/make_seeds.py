# python3 make_seeds.py: writes the valid files that fuzzing starts from (seed*), but for checkpoint/ and those that are
# copies of tests/framework/io/fixtures.
import gzip
import io
import os
import struct
import tarfile

os.chdir(os.path.dirname(os.path.abspath(__file__)))


def write(name, data):
    os.makedirs(os.path.dirname(name), exist_ok=True)
    with open(name, "wb") as file:
        file.write(data)


def packed(data):
    return gzip.compress(data, mtime=0)


images = struct.pack(">IIII", 0x803, 2, 3, 4) + bytes(range(24))
labels = struct.pack(">II", 0x801, 5) + bytes([0, 9, 3, 3, 7])
for name, data in {"images": images, "labels": labels}.items():
    write(f"idx/seed_{name}", data)
    write(f"idx/seed_{name}.gz", packed(data))


def archive(form, members):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=form) as tar:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            if data == b"":
                info.type = tarfile.DIRTYPE
            tar.addfile(info, io.BytesIO(data))
    data = file.getvalue().rstrip(b"\0")  # tarfile pads to 10 KiB; two blocks of zeros are the end
    return data + bytes(-len(data) % 512 + 1024)


members = {"folder/": b"", "folder/a.txt": b"hello", "b" * 90 + "/" + "c" * 60: b"x" * 700}
for name, form in {"ustar": tarfile.USTAR_FORMAT, "gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}.items():
    write(f"tar/seed_{name}", archive(form, members))
    write(f"tar/seed_{name}.gz", packed(archive(form, members)))

record = bytes([3]) + bytes(i % 251 for i in range(3072))
write("cifar/seed_batch", record)
cifar = {"cifar-10-batches-bin/data_batch_1.bin": record, "cifar-10-batches-bin/data_batch_5.bin": record * 2}
write("cifar/seed_archive.tar.gz", packed(archive(tarfile.USTAR_FORMAT, cifar)))
